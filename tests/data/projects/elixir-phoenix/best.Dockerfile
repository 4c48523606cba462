FROM hexpm/elixir:1.17.3-erlang-27.1-debian-bookworm AS build
WORKDIR /app
ENV MIX_ENV=prod
RUN mix local.hex --force && mix local.rebar --force
COPY mix.exs mix.lock ./
RUN mix deps.get --only prod
COPY config/ ./config/
RUN mix deps.compile
COPY . .
RUN mix release

FROM debian:bookworm-slim
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 openssl locales && rm -rf /var/lib/apt/lists/*
COPY --from=build /app/_build/prod/rel/shop ./
CMD ["/app/bin/server"]
