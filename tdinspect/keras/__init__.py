"""Keras files in, specs out: neither Keras nor TensorFlow is needed, and nothing of the file is run.

``reading`` takes the model's configuration out of the file, ``graph`` gives Sequential and Functional models one form,
``convert`` walks it with one file of ``layers`` per family, ``writing`` makes the spec's text, ``compare`` holds what
the spec says against what the Keras file implies, ``weights`` carries the trained values over.
"""
