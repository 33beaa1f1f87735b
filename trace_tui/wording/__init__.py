"""How things are told, the same in every face: words, glyphs, colours, and lines in columns of a terminal."""
