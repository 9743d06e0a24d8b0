import { withServer } from './backend.ts';
import { makeBucket, openWith, optionsFor } from './object-s3/subject.ts';
import { objectFaultTests } from './objectFaults.ts';

const MIB = 1024 * 1024;

for (const name of ['minio', 'versitygw'] as const) {
  withServer(name, (server) => {
    objectFaultTests(server, {
      name: 'object-s3',
      makePlace: makeBucket,
      open: (port, bucket, options) => openWith(optionsFor(port, bucket, options)),
      write: { method: 'PUT' },
      writePart: { method: 'PUT', path: /partNumber=/ },
      complete: { method: 'POST', path: /uploadId=/ },
      partBytes: 5 * MIB,
      largeBytes: 6 * MIB,
    });
  });
}
