// Licences of all packages that were installed here; ends with 1 where one asks for more than a notice.
//
// Only the bundle's own packages count, not Grafana's source: @grafana/prometheus, which is AGPL, must not come along.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const FREE = /^\(?(MIT|Apache-2\.0|ISC|0BSD|BSD-[23]-Clause|Unlicense|CC0-1\.0|BlueOak-1\.0\.0|Zlib|MPL-2\.0)\b/;
const found = new Map();

function walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory() || entry.name === ".bin") continue;
    if (entry.name.startsWith("@")) walk(path);
    else if (existsSync(join(path, "package.json"))) {
      const { name, version, license, licenses } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
      const told = license?.type ?? license ?? licenses?.map((one) => one.type).join(" OR ") ?? "not told";
      found.set(told, [...(found.get(told) ?? []), `${name}@${version}`]);
      if (existsSync(join(path, "node_modules"))) walk(join(path, "node_modules"));
    }
  }
}

walk("node_modules");
const all = [...found.values()].flat();
console.log(`${all.length} packages: ` + [...found].map(([told, names]) => `${names.length} ${told}`).join(", "));
console.log(`no licence told: ${(found.get("not told") ?? []).join(", ") || "none"}`);
const asking = [...found].filter(([told]) => told !== "not told" && !FREE.test(told)).flatMap(([told, names]) => names.map((name) => `${name} (${told})`));
asking.push(...all.filter((name) => name.startsWith("@grafana/prometheus@")));
if (asking.length) {
  console.error(`not to be used: ${asking.join(", ")}`);
  process.exit(1);
}
