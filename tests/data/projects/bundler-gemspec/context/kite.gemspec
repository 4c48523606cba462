require_relative "lib/kite/version"

Gem::Specification.new do |s|
  s.name = "kite"
  s.version = Kite::VERSION
  s.files = Dir["lib/**/*.rb", "README.md"]
end
