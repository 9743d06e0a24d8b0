#!/usr/bin/env node
// The command `elanus`. Every Node.js must be able to read this file, however old, so that it can say what is wrong.
var needed = [22, 13];
var own = process.versions.node.split('.').map(Number);
if (own[0] < needed[0] || (own[0] === needed[0] && own[1] < needed[1])) {
  console.error(
    'Elanus needs Node.js ' + needed.join('.') + ' or newer, and this is ' + process.versions.node + ' (' + process.execPath + ').\n' +
      'Install a newer one, or let npm fetch one for this run: npx -p node@24 -p elanus elanus'
  );
  process.exitCode = 1;
} else {
  import('./server/cli/boot.js');
}
