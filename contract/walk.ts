/** The whole way of a report with the generated TypeScript client, also over a cut connection. */

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Report = components["schemas"]["ReportOut"];
type Finding = components["schemas"]["FindingOut"];
type Api = Client<paths>;

const url = environment("CONTRACT_URL");
const password = environment("CONTRACT_PASSWORD");
const path = { period: "2024-Q2", agency: "15502" };

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The data of an answer; an error answer fails the check. */
function data<T>(answer: { data?: T; error?: unknown }): T {
  ensure(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

async function signedIn(username: string, cut?: "answer" | "half"): Promise<Api> {
  const anonymous = createClient<paths>({ baseUrl: url });
  const answer = await anonymous.POST("/api/v1/auth/token", {
    body: { username, password, scope: "" },
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  const headers: Record<string, string> = { Authorization: `Bearer ${data(answer).access_token}` };
  if (cut) headers["X-Cut"] = cut;
  return createClient<paths>({ baseUrl: url, headers });
}

async function read(api: Api): Promise<{ report: Report; tag: string }> {
  const answer = await api.GET("/api/v1/reports/{period}/{agency}", { params: { path } });
  const report = data(answer);
  const tag = answer.response.headers.get("ETag");
  ensure(tag === `"${report.version}"`, `ETag ${tag} of version ${report.version}`);
  return { report, tag };
}

async function save(api: Api, value?: number | string): Promise<Report> {
  const { report, tag } = await read(api);
  const entries = report.expected
    .filter((line) => line.required && value !== undefined)
    .map((line) => ({ project: line.project, indicator: line.indicator, value: value ?? 0 }));
  return data(
    await api.PUT("/api/v1/reports/{period}/{agency}/draft", {
      params: { path, header: { "If-Match": tag } },
      body: { entries, disbursements: [], narrative: {} },
    }),
  );
}

function submit(api: Api, key: string) {
  return api.POST("/api/v1/reports/{period}/{agency}/submit", {
    params: { path, header: { "Idempotency-Key": key } },
    body: {},
  });
}

async function countRevisions(api: Api): Promise<number> {
  const answer = await api.GET("/api/v1/reports/{period}/{agency}/revisions", { params: { path } });
  return data(answer).items.length;
}

/** Lose the answer twice, repeat with the same key, and find one new revision. */
async function submitOverCutConnections(username: string): Promise<void> {
  const api = await signedIn(username);
  const key = crypto.randomUUID();
  const before = await countRevisions(api);
  for (const cut of ["answer", "half"] as const) {
    const lost = await signedIn(username, cut);
    const answer = await submit(lost, key).catch((error: unknown) => error);
    ensure(answer instanceof Error, `the connection was not cut: ${cut}`);
  }
  const answer = await submit(api, key);
  ensure(data(answer).report_status === "submitted", "not sent");
  ensure(answer.response.headers.get("Idempotent-Replayed") === "true", "the first request was lost");
  ensure((await countRevisions(api)) === before + 1, "the report was sent twice");
}

async function main(): Promise<void> {
  const reporter = await signedIn("second-reporter");
  const coordinator = await signedIn("coordinator");
  const due = data(
    await reporter.GET("/api/v1/obligations", { params: { query: { period: path.period } } }),
  );
  ensure(due.items.length === 1 && due.items[0]?.agency === path.agency, "not the own obligation");
  // 1. A draft that lacks a figure, or has text in place of one, has a finding for the form.
  const finding: Finding | undefined = (await save(reporter)).findings[0];
  ensure(finding?.code === "required_figure_missing" && finding.indicator !== null, "no finding");
  ensure((await save(reporter, "1.234,5")).findings[0]?.code === "not_a_number", "no finding");
  const refused = await submit(reporter, crypto.randomUUID());
  ensure(refused.error?.type === "/problems/report-incomplete", JSON.stringify(refused.error));
  // 2. Send it over cut connections; the coordinator returns it; send it again; accept it.
  ensure((await save(reporter, 4)).findings.length === 0, "findings in a complete draft");
  await submitOverCutConnections("second-reporter");
  const returned = await coordinator.POST("/api/v1/reports/{period}/{agency}/return", {
    params: { path },
    body: { reason: "Đề nghị kiểm tra lại số hộ.", comments: [] },
  });
  ensure(data(returned).report_status === "returned", "not returned");
  await save(reporter, 5);
  await submitOverCutConnections("second-reporter");
  const accepted = await coordinator.POST("/api/v1/reports/{period}/{agency}/accept", {
    params: { path },
    body: null,
  });
  ensure(data(accepted).report_status === "accepted", "not accepted");
  // 3. An aggregate is an object with typed rows.
  const sums = data(
    await coordinator.GET("/api/v1/aggregates/indicators", {
      params: { query: { period: path.period } },
    }),
  );
  ensure(sums.coverage.accepted >= 1 && sums.rows.length > 0, "no rows");
}

await main();
