"""How well the models tell what is planted: worlds of every kind, measured class by class."""
