from pathlib import Path

from setuptools import find_packages, setup

version = {}
exec(Path("src/lake/_version.py").read_text(), version)
setup(name="lake", version=version["__version__"], long_description=Path("README.md").read_text(),
      package_dir={"": "src"}, packages=find_packages("src"), install_requires=["numpy", "pandas"])
