"""A network of our own: nothing that runs in it reaches beyond it, C code and children included."""
