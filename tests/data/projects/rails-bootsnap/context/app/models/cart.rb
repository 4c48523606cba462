class Cart; end
