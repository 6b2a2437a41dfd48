# A webhook that answers 200 to everything and prints it; for docker-compose.yaml.
FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package freshpaint-harness --bin webhook-receiver

FROM debian:bookworm-slim
COPY --from=build /src/target/release/webhook-receiver /usr/local/bin/
USER nobody
EXPOSE 8080
ENTRYPOINT ["webhook-receiver"]
