FROM denoland/deno:2.0.0
WORKDIR /app
COPY deps.ts deno.json deno.lock ./
RUN deno cache deps.ts
COPY . .
RUN deno cache main.ts
USER deno
EXPOSE 8000
CMD ["run", "--allow-net", "main.ts"]
