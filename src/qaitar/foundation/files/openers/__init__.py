"""Programs that open one hostile file each, in a short-lived process that may die of it.  They import no Django."""
