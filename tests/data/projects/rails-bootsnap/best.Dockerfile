FROM ruby:3.3-slim AS base
WORKDIR /rails
ENV RAILS_ENV=production BUNDLE_PATH=/usr/local/bundle BUNDLE_DEPLOYMENT=1

FROM base AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential libpq-dev && rm -rf /var/lib/apt/lists/*
COPY Gemfile Gemfile.lock ./
RUN bundle install
COPY . .
RUN bundle exec bootsnap precompile app/ lib/

FROM base
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
RUN useradd rails --create-home --shell /bin/bash
COPY --from=build /usr/local/bundle /usr/local/bundle
COPY --from=build /rails /rails
USER rails
CMD ["bin/rails", "server"]
