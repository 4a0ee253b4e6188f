import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { doctor, type DoctorReport, formatReport } from '../../src/notebook/doctor';

describe('doctor', () => {
  let report: DoctorReport;
  before(async () => {
    report = await doctor();
  });

  it('names the Node that runs, the kernel and its compiler', () => {
    assert.equal(`v${report.node}`, execFileSync(process.execPath, ['--version'], { encoding: 'utf8' }).trim());
    assert.equal(report.tslab, '1.0.22');
    assert.equal(report.typescript, '5.0.4');
  });

  it('gives a reason for every backend tried, and the last one is the choice', () => {
    const taken = report.backend.tried.filter(tried => tried.taken);
    assert.deepEqual(
      taken.map(({ name }) => name),
      [report.backend.name],
    );
    assert.equal(report.backend.tried.at(-1)?.name, report.backend.name);
    for (const { reason } of report.backend.tried) assert.ok(reason.length > 0);
    const native = report.backend.tried.find(({ name }) => name === 'native');
    assert.ok(native === undefined || native.taken || native.reason.includes('cosim engine install native'));
  });

  it('names the engine with the block of its convolutions, or the reason for eager computation', () => {
    assert.match(
      report.engine,
      /^onnx: ONNX Runtime 1\.30\.0, (convolutions in blocks of (8|16)|standard ONNX)$|^eager: ./,
    );
  });

  it('names the plugin of the xla engine, or why there is none', () => {
    assert.match(report.accelerator, /^none: .|^\w+ plugin from (COSIM_PJRT_PLUGIN|cache|python)/);
    assert.match(formatReport(report), /^accelerator +(none: |\w+ plugin)/m);
  });

  it('sees that canvas can draw text here', () => assert.equal(report.canvas.drawsText, true));

  it('reports room in bytes', () => {
    assert.ok(report.memory.free > 0 && report.memory.free <= report.memory.total);
    assert.ok(report.disk.free > 2 ** 20);
  });

  it('names no absolute path, so that a notebook may show it', () => {
    const text = formatReport(report) + JSON.stringify(report);
    for (const path of [resolve('.'), `${homedir()}/`]) assert.ok(!text.includes(path), path);
  });

  it('says what to do where something is missing', () => {
    const text = formatReport({
      ...report,
      jupyter: undefined,
      canvas: { version: '1.0.0', drawsText: false },
      kernelspec: { path: 'kernel.json', present: false },
    });
    assert.match(text, /jupyter +not found: run node scripts\/setup\.mjs/);
    assert.match(text, /canvas +1\.0\.0, cannot draw text: install a font/);
    assert.match(text, /kernelspec +kernel\.json is missing/);
  });

  it('aligns the values in one column', () => {
    const columns = formatReport(report)
      .split('\n')
      .map(line => /^ *\S+ {2,}/.exec(line)?.[0].length);
    assert.equal(new Set(columns).size, 1);
  });
});
