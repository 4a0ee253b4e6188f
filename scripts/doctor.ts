// `npm run doctor`: what the project found on this machine, as `cosim doctor` says it.
process.argv.splice(2, 0, 'doctor');
void import('../src/command-line/main');
