"""What all printed faces share: their words, the console, columns, progress."""
