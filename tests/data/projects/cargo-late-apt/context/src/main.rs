mod routes;
fn main() {}
