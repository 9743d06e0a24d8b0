import type { Counter, Gauge, Histogram, Labels, Metrics } from '../../core/ports/metrics.ts';

/** Upper bounds of the buckets of durations, in seconds: 100 µs to 10 s. */
const BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

interface Series {
  readonly labels: string;
  value: number;
  /** Of a histogram: counts by bucket, the last one without bound. */
  readonly buckets: Float64Array | undefined;
}

/**
 * Counters, gauges and histograms, and their text in Prometheus' exposition format 0.0.4.
 * Own code, since loading prom-client costs 12 ms and 10 MB at start-up.
 */
export class MetricsRegistry implements Metrics {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string): Counter {
    const family = this.#family(name, help, 'counter');
    return {
      add: (value, labels) => {
        family.series(labels).value += value;
      },
    };
  }

  gauge(name: string, help: string): Gauge {
    const family = this.#family(name, help, 'gauge');
    return {
      set: (value, labels) => {
        family.series(labels).value = value;
      },
    };
  }

  histogram(name: string, help: string): Histogram {
    const family = this.#family(name, help, 'histogram');
    return {
      observe: (seconds, labels) => observe(family.series(labels), seconds),
    };
  }

  /** One series whose labels are known once and for all: nothing is put together when it changes. */
  counterSeries(name: string, help: string, labels: Labels): (value: number) => void {
    const series = this.#family(name, help, 'counter').series(labels);
    return (value) => {
      series.value += value;
    };
  }

  histogramSeries(name: string, help: string, labels: Labels): (seconds: number) => void {
    const series = this.#family(name, help, 'histogram').series(labels);
    return (seconds) => observe(series, seconds);
  }

  text(): string {
    return [...this.#families.values()].map((family) => family.text()).join('');
  }

  #family(name: string, help: string, type: MetricType): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = new Family(name, help, type);
      this.#families.set(name, family);
    }
    return family;
  }
}

type MetricType = 'counter' | 'gauge' | 'histogram';

/** All series of one name. */
class Family {
  readonly #name: string;
  readonly #help: string;
  readonly #type: MetricType;
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, type: MetricType) {
    this.#name = name;
    this.#help = help;
    this.#type = type;
  }

  series(labels: Labels | undefined): Series {
    const key = labels === undefined ? '' : labelText(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      const buckets = this.#type === 'histogram' ? new Float64Array(BUCKETS_SECONDS.length + 1) : undefined;
      series = { labels: key, value: 0, buckets };
      this.#series.set(key, series);
    }
    return series;
  }

  text(): string {
    const lines = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} ${this.#type}`];
    for (const series of this.#series.values()) {
      if (series.buckets === undefined) lines.push(`${this.#name}${braces(series.labels)} ${series.value}`);
      else lines.push(...histogramLines(this.#name, series, series.buckets));
    }
    return `${lines.join('\n')}\n`;
  }
}

function histogramLines(name: string, series: Series, buckets: Float64Array): string[] {
  let count = 0;
  const lines = Array.from(buckets, (inBucket, i) => {
    count += inBucket;
    const le = `le="${BUCKETS_SECONDS[i] ?? '+Inf'}"`;
    return `${name}_bucket${braces(series.labels === '' ? le : `${series.labels},${le}`)} ${count}`;
  });
  return [
    ...lines,
    `${name}_sum${braces(series.labels)} ${series.value}`,
    `${name}_count${braces(series.labels)} ${count}`,
  ];
}

function observe(series: Series, seconds: number): void {
  series.value += seconds;
  series.buckets![bucketOf(seconds)]!++;
}

function bucketOf(seconds: number): number {
  let bucket = 0;
  while (bucket < BUCKETS_SECONDS.length && seconds > BUCKETS_SECONDS[bucket]!) bucket++;
  return bucket;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',');
}

function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}
