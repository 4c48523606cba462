defmodule R do
end
