export type Labels = Readonly<Record<string, string>>;

/** Counters, gauges and histograms. Names are `elanus_<noun>_<unit>`; label values come from small closed sets. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** Durations in seconds. */
  histogram(name: string, help: string): Histogram;
}

export interface Counter {
  add(value: number, labels?: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  observe(seconds: number, labels?: Labels): void;
}
