// The import rules of docs/ARCHITECTURE.md, each as one line of the table below. Run by `make check`; prints what
// breaks them and fails.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "");

// Pure rooms: no IO, no clock, no runtime. Time and facts come in as arguments.
const pure = [
  "transfer", "parts", "stretch", "queue", "pace", "hedge", "eta", "deadline", "limit", "keys", "names", "gained", "rights",
  "bounds", "newsroom_file", "ways_in", "cards", "metadata", "media/beside", "media/timing",
  "cards/avchd", "cards/canon", "cards/p2", "cards/sony_mp4", "cards/xdcam",
  "watch/filter", "watch/rhythm", "watch/settle",
  "rights/action", "rights/document", "rights/places", "rights/role",
  "keys/template", "keys/spread", "keys/example",
].flatMap((room) => [`engine/src/${room}.rs`, `engine/src/${room}/mod.rs`]);
const impure = /\b(tokio|std::fs|std::net|std::process|SystemTime::now|Instant::now|Zoned::now|Timestamp::now|TimeZone::system|clock::|rand::|reqwest|aws_sdk)/;

const rules = [
  {
    says: "the engine knows neither Tauri, the command line, the practice server nor the window",
    where: (file) => /^engine\/(src\/.*\.rs|Cargo\.toml)$/.test(file),
    // What stands under [dev-dependencies] is for its tests.
    text: (text) => text.split("[dev-dependencies]")[0],
    never: /\btauri|rushes_practice|rushes-practice|rushes_newsroom|rushes_cli|webview_|svelte/,
    but: /specta|may come from a webview/,
  },
  {
    says: "pure rooms of the engine do no IO and ask no clock",
    where: (file) => pure.includes(file),
    text: (text) => text.split("#[cfg(test)]")[0],
    never: impure,
  },
  {
    says: "only engine/src/s3/ names the S3 SDK",
    where: (file) => file.startsWith("engine/src/") && !file.startsWith("engine/src/s3/"),
    never: /aws_sdk_s3/,
    but: /^\s*\/\//,
  },
  {
    says: "only engine/src/journal/ writes SQL",
    where: (file) => file.startsWith("engine/src/") && !file.startsWith("engine/src/journal/"),
    never: /rusqlite::Connection|\bSELECT .* FROM\b|\bINSERT INTO\b/,
  },
  {
    says: "the practice server knows nothing of Rushes",
    where: (file) => /^practice\/(src\/.*\.rs|Cargo\.toml)$/.test(file),
    never: /rushes_engine|rushes-engine|tauri/,
  },
  {
    says: "the shell holds no transfer logic: it names neither S3 nor SQL",
    where: (file) => file.startsWith("src-tauri/") && file.endsWith(".rs"),
    never: /aws_|rusqlite|hyper::|reqwest/,
  },
  {
    says: "one file of the window talks to Tauri: the generated bindings (and what they need for their channel)",
    where: (file) => /^ui\/src\/.*\.(ts|svelte)$/.test(file) && !["ui/src/lib/bindings.ts", "ui/src/lib/api/tauri.ts"].includes(file),
    never: /from ["']@tauri-apps|import\(["']@tauri-apps/,
  },
  {
    says: "a name in a log is a mark: key = %Mark(&key)",
    where: (file) => /^engine\/src\/.*\.rs$/.test(file),
    never: /tracing::\w+!\(.*(?<!\?)\b(name|key|path|file|story|slug|url|message)\b( = (?!%Mark\()|,)/,
  },
  {
    says: "text is never markup in the window",
    where: (file) => /^ui\/src\/.*\.(ts|svelte)$/.test(file),
    never: /\{@html|\.innerHTML|insertAdjacentHTML|document\.write/,
  },
  {
    says: "only tests, proofs and the bench use the rig; the product knows neither",
    where: (file) => /^(engine|cli|practice|src-tauri)\/(.*\/)?src\/.*\.rs$/.test(file) || /^src-tauri\/.*\.rs$/.test(file),
    never: /rushes_rig|rushes_bench/,
  },
  {
    says: "the bench measures the product from outside: it knows nothing of the engine",
    where: (file) => /^bench\/(src\/.*\.rs|Cargo\.toml)$/.test(file),
    never: /rushes_engine|rushes-engine|rushes_cli/,
  },
];

const words = /\b(struct|enum|trait|type|class|interface)\s+\w*(Manager|Service|Helper|Util|Processor|Handler|Info)\b/;
rules.push({
  says: "names say what a thing is; Manager, Service, Helper, Util, Processor, Handler and Info say nothing",
  where: (file) => /\.(rs|ts|svelte)$/.test(file) && file !== "ui/src/lib/bindings.ts",
  never: words,
});

rules.push({
  says: "every Rust file says at its head what lives there",
  where: (file) => file.endsWith(".rs"),
  missing: /^\/\/!/,
});

let broken = 0;
for (const rule of rules) {
  for (const file of files.filter(rule.where)) {
    let text;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      continue; // deleted, not yet committed
    }
    if (rule.missing && !rule.missing.test(text.replace(/^#!.*\n/, ""))) {
      console.error(`${file}: ${rule.says}`);
      broken += 1;
    }
    if (!rule.never) continue;
    const lines = (rule.text ? rule.text(text) : text).split("\n");
    lines.forEach((line, i) => {
      if (rule.never.test(line) && !(rule.but && rule.but.test(line))) {
        console.error(`${file}:${i + 1}: ${rule.says}\n    ${line.trim()}`);
        broken += 1;
      }
    });
  }
}
if (broken > 0) {
  console.error(`\n${broken} break the rules of docs/ARCHITECTURE.md`);
  process.exit(1);
}
