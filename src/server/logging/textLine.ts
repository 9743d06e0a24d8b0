/** One JSON line of the log as a line for people: `12:00:01.042 info  wal: channel opened channel=c0 term=3`. */
export function textLine(json: string): string {
  const { level, time, name, message, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const parts = [String(time).slice(11, 23), String(level).padEnd(5)];
  parts.push(name === undefined ? String(message) : `${String(name)}: ${String(message)}`);
  for (const [key, value] of Object.entries(fields)) {
    parts.push(`${key}=${typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value)}`);
  }
  return `${parts.join(' ')}\n`;
}
