import { withServer } from './backend.ts';
import { makeContainer, openWith, optionsFor } from './object-azure/subject.ts';
import { objectFaultTests } from './objectFaults.ts';

const KIB = 1024;

withServer('azurite', (server) => {
  objectFaultTests(server, {
    name: 'object-azure',
    makePlace: makeContainer,
    open: (port, container, options) => openWith(optionsFor(port, container, options)),
    write: { method: 'PUT' },
    writePart: { method: 'PUT', path: /comp=block&/ },
    complete: { method: 'PUT', path: /comp=blocklist/ },
    partBytes: 64 * KIB,
    largeBytes: 200 * KIB,
  });
});
