"""Pure questions to a trace; nothing here holds a tensor or a module."""
