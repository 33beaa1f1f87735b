"""The `ls` command: sessions as a list, as a tree, as JSON."""
