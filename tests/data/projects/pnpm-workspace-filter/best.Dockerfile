FROM node:22-alpine
ENV PNPM_HOME=/pnpm
WORKDIR /src
RUN corepack enable
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/api/package.json ./apps/api/
COPY packages/db/package.json ./packages/db/
RUN pnpm install --frozen-lockfile
COPY . .
RUN pnpm --filter api build
EXPOSE 8080
CMD ["node", "apps/api/dist/main.js"]
