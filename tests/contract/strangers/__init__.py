"""What a stranger writes, each one file: the tests copy it into the folder where such files belong. Never imported from
this place."""
