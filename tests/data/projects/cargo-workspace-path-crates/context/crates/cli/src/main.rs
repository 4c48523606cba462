fn main() { core::f() }
