//! Nothing: the package exists so that cargo fetches the C sources of its dependencies.
