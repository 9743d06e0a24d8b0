/** Numbers of the process that are read when somebody asks, in Prometheus' text format. */
export function processMetricsText(): string {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  return [
    line('process_cpu_seconds_total', 'counter', 'User and system time.', (cpu.user + cpu.system) / 1e6),
    line('process_resident_memory_bytes', 'gauge', 'Resident memory.', memory.rss),
    line(
      'process_start_time_seconds',
      'gauge',
      'Start, since the epoch.',
      Date.now() / 1000 - process.uptime(),
    ),
    line('nodejs_heap_size_used_bytes', 'gauge', 'JavaScript heap in use.', memory.heapUsed),
    line('nodejs_heap_size_total_bytes', 'gauge', 'JavaScript heap.', memory.heapTotal),
    line('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers and native objects.', memory.external),
  ].join('');
}

function line(name: string, type: 'counter' | 'gauge', help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
}
