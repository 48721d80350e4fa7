// PostGraphile 5 in production mode: one process, its normal Node server, on DATABASE_URL at PORT.
// A request names its database role and settings in the header x-pg-settings, as JSON; it listens on this machine only.
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { printSchema } from "postgraphile/graphql";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, PORT, POOL, SCHEMA_FILE } = process.env;
const settings = (request) => JSON.parse(request?.headers["x-pg-settings"] ?? "{}");
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({ connectionString: DATABASE_URL, schemas: ["public"], poolConfig: { max: Number(POOL) } }),
  ],
  schema: { defaultBehavior: "connection list" },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, maxRequestLength: 1_000_000 },
  grafast: { explain: false, context: (given) => ({ pgSettings: settings(given.node?.req) }) },
});
const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await instance.createServ(grafserv).addTo(server);
if (SCHEMA_FILE) writeFileSync(SCHEMA_FILE, printSchema((await instance.getSchemaResult()).schema));
server.listen(Number(PORT), "127.0.0.1");
