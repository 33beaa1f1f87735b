"""All sessions of all homes: `finding` walks, `indexing` folds, the `catalog` keeps, `chains` links them."""
