class PostsController; end
