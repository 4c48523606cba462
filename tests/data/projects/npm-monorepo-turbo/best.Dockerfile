FROM node:22-slim AS build
WORKDIR /repo
COPY package.json package-lock.json ./
COPY apps/web/package.json ./apps/web/
COPY packages/ui/package.json ./packages/ui/
RUN npm ci
COPY . .
RUN npx turbo run build --filter=web

FROM node:22-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /repo/apps/web/dist ./dist
EXPOSE 3000
CMD ["node", "dist/server.js"]
