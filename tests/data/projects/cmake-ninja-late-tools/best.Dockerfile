FROM debian:bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ ninja-build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release
RUN cmake --build /build

FROM debian:bookworm-slim
COPY --from=build /build/tool /usr/bin/tool
ENTRYPOINT ["tool"]
