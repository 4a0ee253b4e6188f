import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKPOINT_RULES } from '../../src/checkpoints/allowed-globals';
import { bytesOf, refusal, text } from './pickle-bytes';

// What malicious pickles are known to call: modules and functions from the advisories and block lists on the subject.
const DANGEROUS = `
  builtins.eval builtins.exec builtins.compile builtins.open builtins.getattr builtins.setattr builtins.delattr
  builtins.__import__ builtins.breakpoint builtins.globals builtins.locals builtins.vars builtins.apply builtins.map
  builtins.filter builtins.type builtins.input builtins.execfile builtins.file builtins.reload __builtin__.eval
  __builtin__.apply os.system os.popen os.execv os.spawnv os.remove os.putenv posix.system posix.popen nt.system
  subprocess.Popen subprocess.call subprocess.check_output commands.getoutput pty.spawn platform.popen socket.socket
  socket.create_connection ssl.create_default_context asyncio.create_subprocess_shell aiohttp.request httplib.HTTPConnection
  http.client.HTTPSConnection requests.api.get urllib.request.urlopen webbrowser.open sys.exit sys.setprofile shutil.rmtree
  shutil.move tempfile.mkdtemp pathlib.Path.unlink io.FileIO importlib.import_module importlib.reload runpy.run_module
  runpy._run_code imp.load_source pkgutil.resolve_name pip.main pip._internal.main code.InteractiveInterpreter.runcode
  codeop.compile_command types.FunctionType types.CodeType marshal.loads ctypes.CDLL cffi.FFI operator.attrgetter
  operator.itemgetter operator.methodcaller functools.partial functools.reduce itertools.starmap threading.Thread
  multiprocessing.Process bdb.Bdb.run pdb.run timeit.timeit trace.Trace cProfile.run profile.run doctest.debug_script
  idlelib.pyshell.main lib2to3.pgen2.grammar.Grammar logging.config.listen pydoc.pipepager venv.create zipimport.zipimporter
  pickle.loads pickle._loads _pickle.loads dill.loads cloudpickle.loads joblib.load shelve.open torch.load torch.hub.load
  torch.jit.load torch._inductor.codecache.compile_file torch.utils._config_module.load_config numpy.load
  numpy.testing._private.utils.runstring numpy.f2py.crackfortran.myeval numpy.core.multiarray.fromfile
  numpy.lib.npyio.NpzFile ensurepip._run_pip distutils.file_util.write_file smtplib.SMTP ftplib.FTP telnetlib.Telnet
  collections.namedtuple collections.OrderedDict.fromkeys collections.UserDict copyreg.__newobj__ copyreg._reduce_ex
  torch_utils.persistence.persistent_class torch_utils.persistence.import_hook torch.storage.TypedStorage
  torch.nn.modules.linear.Linear dnnlib.util.call_func_by_name dnnlib.util.get_obj_by_name __main__.Evil
  constructor.constructor __proto__.polluted hasOwnProperty.call toString.call
`
  .trim()
  .split(/\s+/)
  .map(name => {
    const dot = name.lastIndexOf('.');
    return [name.slice(0, dot), name.slice(dot + 1)] as const;
  });

/** Every way in which a pickle can name and call something. */
const forms: Record<string, (module: string, name: string) => Buffer> = {
  'GLOBAL, protocol 0': (m, n) => bytesOf(`c${m}\n${n}\n(S'id'\ntR.`),
  'GLOBAL, protocol 2': (m, n) => bytesOf('\x80\x02', `c${m}\n${n}\n`, text('id'), '\x85R.'),
  'INST, protocol 0': (m, n) => bytesOf(`(S'id'\ni${m}\n${n}\n.`),
  'OBJ, protocol 1': (m, n) => bytesOf(`(c${m}\n${n}\n`, text('id'), 'o.'),
  'NEWOBJ, protocol 2': (m, n) => bytesOf('\x80\x02', `c${m}\n${n}\n`, ')\x81.'),
  'STACK_GLOBAL, protocol 4': (m, n) => bytesOf('\x80\x04', text(m), text(n), '\x93', text('id'), '\x85R.'),
  'NEWOBJ_EX, protocol 4': (m, n) => bytesOf('\x80\x04', text(m), text(n), '\x93)}\x92.'),
  'names from the memo': (m, n) => bytesOf('\x80\x04', text(n), '\x940', text(m), 'h\x00\x93)R.'),
  'called by BUILD': (m, n) => bytesOf('\x80\x04]', text(m), text(n), '\x93b.'),
};

test('what malicious pickles call is refused by name, in every form, before a call', async t => {
  assert.ok(DANGEROUS.length >= 60);
  for (const [form, write] of Object.entries(forms))
    await t.test(form, async () => {
      for (const [module, name] of DANGEROUS)
        assert.equal(await refusal(write(module, name)), 'pickle-global', `${module}.${name}`);
    });
});

test('the list of allowed names is as short as it is meant to be', () => {
  const names = Object.keys(CHECKPOINT_RULES.globals).filter(name => !/^torch\.\w+$/.test(name));
  assert.deepEqual(names.sort(), [
    '_codecs.encode',
    'argparse.Namespace',
    'builtins.bool',
    'builtins.bytearray',
    'builtins.bytes',
    'builtins.complex',
    'builtins.dict',
    'builtins.float',
    'builtins.frozenset',
    'builtins.int',
    'builtins.list',
    'builtins.object',
    'builtins.set',
    'builtins.str',
    'builtins.tuple',
    'collections.Counter',
    'collections.OrderedDict',
    'collections.defaultdict',
    'collections.deque',
    'copyreg._reconstructor',
    'datetime.date',
    'datetime.datetime',
    'datetime.time',
    'datetime.timedelta',
    'datetime.timezone',
    'decimal.Decimal',
    'dnnlib.util.EasyDict',
    'numpy._core.multiarray._reconstruct',
    'numpy._core.multiarray.scalar',
    'numpy._core.numeric._frombuffer',
    'numpy.core.multiarray._reconstruct',
    'numpy.core.multiarray.scalar',
    'numpy.core.numeric._frombuffer',
    'numpy.dtype',
    'numpy.ndarray',
    'numpy.str_',
    'pathlib.PosixPath',
    'pathlib.PurePosixPath',
    'pathlib.PureWindowsPath',
    'pathlib.WindowsPath',
    'pathlib._local.PosixPath',
    'pathlib._local.PurePosixPath',
    'pathlib._local.PureWindowsPath',
    'pathlib._local.WindowsPath',
    'torch._tensor._rebuild_from_type_v2',
    'torch._utils._rebuild_parameter',
    'torch._utils._rebuild_parameter_with_state',
    'torch._utils._rebuild_qtensor',
    'torch._utils._rebuild_sparse_tensor',
    'torch._utils._rebuild_tensor',
    'torch._utils._rebuild_tensor_v2',
    'torch._utils._rebuild_tensor_v3',
    'torch.nn.modules.container.ModuleDict',
    'torch.nn.modules.container.ModuleList',
    'torch.nn.modules.container.ParameterDict',
    'torch.nn.modules.container.ParameterList',
    'torch.nn.modules.container.Sequential',
    'torch.nn.parameter.Parameter',
    'torch.serialization._get_layout',
    'torch.storage.UntypedStorage',
    'torch.storage._load_from_bytes',
    'torch.torch_version.TorchVersion',
    'torch_utils.persistence._reconstruct_persistent_obj',
    'types.SimpleNamespace',
    'uuid.UUID',
  ]);
});

const misuses: [what: string, code: string, pickle: Buffer][] = [
  ['extension codes', 'pickle-opcode', bytesOf('\x80\x02\x82\x01.')],
  ['extension codes of two bytes', 'pickle-opcode', bytesOf('\x80\x02\x83\x01\x00.')],
  ['out-of-band buffers', 'pickle-opcode', bytesOf('\x80\x05\x97.')],
  ['a persistent id in text', 'pickle-persistent', bytesOf('\x80\x02Psomewhere\n.')],
  ['a call of a text', 'pickle-stack', bytesOf('\x80\x04', text('eval'), text('id'), '\x85R.')],
  ['a call of what a call made', 'pickle-stack', bytesOf('\x80\x02ccollections\nOrderedDict\n)R)R.')],
  ['arguments that are no tuple', 'pickle-stack', bytesOf('\x80\x02ccollections\nOrderedDict\n]R.')],
  ['a class that is only a name', 'pickle-call', bytesOf('\x80\x02cnumpy\nndarray\n)\x81.')],
  ['a name that is a number', 'pickle-stack', bytesOf('\x80\x04', text('os'), 'K\x01\x93.')],
  ['attributes for a list', 'pickle-call', bytesOf('\x80\x02]}b.')],
  ['attributes for a function', 'pickle-call', bytesOf('\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}b.')],
  [
    'named arguments for a class',
    'pickle-call',
    bytesOf('\x80\x04cdnnlib.util\nEasyDict\n)}', text('a'), 'K\x01s\x92.'),
  ],
  ['NumPy objects', 'pickle-call', bytesOf('\x80\x04cnumpy\ndtype\n', text('O'), '\x85R.')],
  ['a key of odd kind in a set', 'pickle-stack', bytesOf('\x80\x04](K\x01\x90.')],
  ['a key without a value', 'pickle-stack', bytesOf('\x80\x02}(K\x01u.')],
  ['values below the mark', 'pickle-stack', bytesOf('\x80\x02K\x01(\x85.')],
  [
    'an odd persistent object',
    'pickle-call',
    bytesOf('\x80\x02ctorch_utils.persistence\n_reconstruct_persistent_obj\n}\x85R.'),
  ],
  ['bytes after the end', 'trailing-bytes', bytesOf('\x80\x02}.}.')],
];

test('what is allowed cannot be used in ways that no checkpoint uses it', async t => {
  for (const [what, code, pickle] of misuses)
    await t.test(`${what}: ${code}`, async () => assert.equal(await refusal(pickle), code));
});
