"""Which files of a project does an install command need, by what its manifests say?"""
