import "./deps.ts"
import "./routes.ts"
