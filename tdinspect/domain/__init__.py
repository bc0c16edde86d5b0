"""What crosses a stage: frozen data, standard library only."""
