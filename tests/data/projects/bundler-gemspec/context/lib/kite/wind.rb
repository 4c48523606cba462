module Kite; end
