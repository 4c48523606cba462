FROM golang:1.23 AS build
WORKDIR /src
COPY services/api/go.mod services/api/go.sum ./services/api/
COPY libs/log/go.mod ./libs/log/
WORKDIR /src/services/api
RUN go mod download
WORKDIR /src
COPY . .
WORKDIR /src/services/api
RUN CGO_ENABLED=0 go build -trimpath -o /bin/api ./cmd/api

FROM gcr.io/distroless/static-debian12
COPY --from=build /bin/api /api
USER 65532
ENTRYPOINT ["/api"]
