RSpec.describe "posts"
