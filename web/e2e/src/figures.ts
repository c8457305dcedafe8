import { appendFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { quantile } from "./analysis.js";

/** Where figures and pictures go. */
export const OUT = fileURLToPath(new URL("../out/", import.meta.url));

/** `SKYWAVE_LONG=1`: as long as the figures need, rather than as short as the property does. */
export const isLong = process.env["SKYWAVE_LONG"] === "1";

/** Seconds, or how many times: what the short and the long form of a test take. */
export function span(short: number, long: number): number {
  return isLong ? long : short;
}

/** Tells figures: one JSON object a line, on stdout and in `out/figures.jsonl`. */
export async function figure(name: string, values: Record<string, unknown>): Promise<void> {
  const form = isLong ? "long" : "short";
  const line = `${JSON.stringify({ figure: name, form, at: new Date().toISOString(), ...values })}\n`;
  process.stdout.write(line);
  await mkdir(OUT, { recursive: true });
  await appendFile(`${OUT}figures.jsonl`, line);
}

/** The middle, the 99th percentile and both ends, rounded to thousandths. */
export function spread(values: readonly number[]): Record<string, number> {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    count: values.length,
    min: rounded(Math.min(...values)),
    p50: rounded(quantile(values, 0.5)),
    p99: rounded(quantile(values, 0.99)),
    max: rounded(Math.max(...values)),
  };
}
