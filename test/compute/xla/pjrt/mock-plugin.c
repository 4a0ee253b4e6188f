/*
 * A PJRT plugin that computes nothing: it checks every field that a client sets, gives donated arguments back as results,
 * and counts what is alive. The structures are written here independently of the client's. Words in a module's text make
 * it misbehave: `bad` (refused), `too large` (no memory to compile), `hungry` (no memory to run), `lost` (the device is
 * gone), `fails later` (its results are errors), `slow` (a minute to compile).
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD size_t struct_size; void* extension
enum { INVALID = 3, NOT_FOUND = 5, EXHAUSTED = 8, PRECONDITION = 9, UNIMPLEMENTED = 12, INTERNAL = 13 };

typedef struct { char* message; int code; } Error;
typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  bool ready, destroyed;
  bool fails;
} Event;
typedef struct { size_t bytes; void* data; bool consumed, fails; int device; } Buffer;
typedef struct { int outputs, source[64], replicas, running; bool hungry, lost, fails; } Program; /* source: argument given to a result, -1: none */

static int buffers, events, errors, programs, clients;
#define COUNT(what, by) __sync_fetch_and_add(&what, by)

/* What is alive, for the test. */
const char* MockAlive(void) {
  static char text[200];
  snprintf(text, sizeof text, "%d buffers, %d events, %d errors, %d programs, %d clients", buffers, events, errors, programs, clients);
  return text;
}

static Error* fail(int code, const char* format, long long a, long long b) {
  Error* e = malloc(sizeof *e);
  e->message = malloc(300);
  snprintf(e->message, 300, format, a, b);
  e->code = code;
  COUNT(errors, 1);
  return e;
}
#define SIZED(args, type) if ((args)->struct_size < sizeof(type)) return fail(INVALID, #type ": size %lld, wanted %lld", (args)->struct_size, sizeof(type))
#define EXPECT(what) do { if (!(what)) return fail(INVALID, "line %lld: " #what " does not hold (%lld)", __LINE__, 0); } while (0)

typedef struct { HEAD; Error* error; } ErrorDestroy;
static void error_destroy(ErrorDestroy* a) { free(a->error->message); free(a->error); COUNT(errors, -1); }
typedef struct { HEAD; Error* error; const char* message; size_t size; } ErrorMessage;
static void error_message(ErrorMessage* a) { a->message = a->error->message; a->size = strlen(a->message); }
typedef struct { HEAD; Error* error; int code; } ErrorCode;
static Error* error_code(ErrorCode* a) { SIZED(a, ErrorCode); a->code = a->error->code; return NULL; }
typedef struct { HEAD; } Initialize;
static Error* initialize(Initialize* a) {
  static int times;
  EXPECT(a->struct_size >= 16 && a->extension == NULL && times++ == 0);
  return NULL;
}

/* Events become ready in a thread of their own, 3 ms later. */
static void* complete(void* p) {
  Event* e = p;
  usleep(3000);
  pthread_mutex_lock(&e->lock);
  e->ready = true;
  pthread_cond_broadcast(&e->wake);
  bool last = e->destroyed;
  pthread_mutex_unlock(&e->lock);
  if (last) free(e);
  return NULL;
}
static Event* event(bool fails) {
  Event* e = calloc(1, sizeof *e);
  pthread_mutex_init(&e->lock, NULL);
  pthread_cond_init(&e->wake, NULL);
  e->fails = fails;
  pthread_t thread;
  pthread_create(&thread, NULL, complete, e);
  pthread_detach(thread);
  COUNT(events, 1);
  return e;
}
typedef struct { HEAD; Event* event; } EventArgs;
static Error* event_destroy(EventArgs* a) {
  SIZED(a, EventArgs);
  EXPECT(a->event);
  pthread_mutex_lock(&a->event->lock);
  bool last = a->event->ready;
  a->event->destroyed = true;
  pthread_mutex_unlock(&a->event->lock);
  if (last) free(a->event);
  COUNT(events, -1);
  return NULL;
}
static Error* event_await(EventArgs* a) {
  SIZED(a, EventArgs);
  EXPECT(a->event);
  pthread_mutex_lock(&a->event->lock);
  while (!a->event->ready) pthread_cond_wait(&a->event->wake, &a->event->lock);
  pthread_mutex_unlock(&a->event->lock);
  return a->event->fails ? fail(INTERNAL, "the computation failed", 0, 0) : NULL;
}

typedef struct {
  HEAD;
  const char* name;
  size_t name_size;
  int type;
  union { const char* string; int64_t i64; const int64_t* list; float f; bool b; };
  size_t value_size;
} Named;
typedef struct { HEAD; const Named* options; size_t count; void *get, *get_arg, *put, *put_arg, *client, *try_get, *try_get_arg; } Create;
static int the_client, devices[4], descriptions[4], device_count = 4;
static Error* create(Create* a) {
  SIZED(a, Create);
  EXPECT(!a->get && !a->get_arg && !a->put && !a->put_arg && !a->try_get && !a->try_get_arg);
  device_count = 4;
  for (size_t i = 0; i < a->count; i++) {
    const Named* n = a->options + i;
    EXPECT(n->struct_size == sizeof(Named) && n->extension == NULL && strlen(n->name) == n->name_size);
    if (!strcmp(n->name, "preallocate")) EXPECT(n->type == 4 && n->b == false && n->value_size == 1);
    else if (!strcmp(n->name, "memory_fraction")) EXPECT(n->type == 3 && n->f == 0.25f && n->value_size == 1);
    else if (!strcmp(n->name, "allocator")) EXPECT(n->type == 0 && n->value_size == 3 && !memcmp(n->string, "bfc", 3));
    else if (!strcmp(n->name, "node_id")) EXPECT(n->type == 1 && n->i64 == 7 && n->value_size == 1);
    else if (!strcmp(n->name, "devices")) device_count = (int)n->i64;
    else if (!strcmp(n->name, "no_card")) return fail(NOT_FOUND, "No visible GPU devices.", 0, 0);
    else if (!strcmp(n->name, "old_driver")) return fail(INTERNAL, "CUDA driver version is insufficient for CUDA runtime version", 0, 0);
    else return fail(NOT_FOUND, "no such option", 0, 0);
  }
  a->client = &the_client;
  COUNT(clients, 1);
  return NULL;
}
typedef struct { HEAD; void* client; } ClientArgs;
static Error* client_destroy(ClientArgs* a) { SIZED(a, ClientArgs); EXPECT(a->client == &the_client); COUNT(clients, -1); return NULL; }
typedef struct { HEAD; void* client; const char* text; size_t size; } Text;
static Error* say(Text* a, const char* text) { SIZED(a, Text); a->text = text; a->size = strlen(text); return NULL; }
static Error* platform_name(Text* a) { EXPECT(a->client == &the_client); return say(a, "mock"); }
static Error* platform_version(Text* a) { EXPECT(a->client == &the_client); return say(a, "mock 1"); }
typedef struct { HEAD; void* client; void* const* devices; size_t count; } Devices;
static void* const device_list[4] = {&devices[0], &devices[1], &devices[2], &devices[3]};
static Error* addressable(Devices* a) { SIZED(a, Devices); a->devices = device_list; a->count = device_count; return NULL; }
static int index_of(void* device) { for (int i = 0; i < 4; i++) if (device == &devices[i]) return i; return -1; }
typedef struct { HEAD; void* device; void* description; } Describe;
static Error* describe(Describe* a) { SIZED(a, Describe); EXPECT(index_of(a->device) >= 0); a->description = &descriptions[index_of(a->device)]; return NULL; }
static Error* kind(Text* a) { return say(a, a->client == &descriptions[0] ? "Mock device" : "Mock device too"); }
typedef struct { HEAD; void* device; int64_t in_use, peak; bool peak_set; int64_t allocs; bool allocs_set; int64_t largest; bool largest_set; int64_t limit; bool limit_set; int64_t rest[10]; } Stats;
static Error* stats(Stats* a) {
  SIZED(a, Stats);
  EXPECT(index_of(a->device) >= 0);
  a->in_use = 1 << 20; a->peak = 2 << 20; a->limit = 8 << 20; a->limit_set = true;
  return NULL;
}

typedef struct { HEAD; char* code; size_t code_size; const char* format; size_t format_size; } Code;
typedef struct { HEAD; void* client; const Code* code; const char* options; size_t options_size; Program* executable; } Compile;
static int deep(int n) { volatile char frame[4096]; frame[n % 4096] = n; return n == 0 ? 0 : deep(n - 1) + frame[n % 4096]; }
static Error* compile(Compile* a) {
  SIZED(a, Compile);
  EXPECT(deep(2000) != -1); /* 8 MiB of stack, as compilers need */
  SIZED(a->code, Code);
  EXPECT(a->client == &the_client && a->code->format_size == 4 && !memcmp(a->code->format, "mlir", 4));
  EXPECT(a->code->code_size == strlen(a->code->code));
  const char* code = a->code->code;
  /* device_ordinal -1, num_replicas, num_partitions 1 */
  static const unsigned char wanted[] = {0x1a, 15, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0x20};
  EXPECT(a->options_size >= 17 && !memcmp(a->options, wanted, sizeof wanted) && !memcmp(a->options + 15, "\x28\x01", 2));
  if (strstr(code, "bad")) return fail(INVALID, "cannot parse at %lld:%lld", 3, 14);
  if (strstr(code, "too large")) return fail(EXHAUSTED, "out of memory while trying to allocate %lld bytes", 1 << 24, 0);
  usleep(strstr(code, "slow") ? 60000000 : 50000);
  const char *p = strstr(code, "@main("), *end = p ? strstr(p, ") -> (") : NULL;
  if (!end) return fail(INVALID, "no main", 0, 0);
  Program* e = a->executable = calloc(1, sizeof(Program));
  e->replicas = a->options[14];
  e->hungry = strstr(code, "hungry");
  e->lost = strstr(code, "lost");
  e->fails = strstr(code, "fails later");
  for (int i = 0; i < 64; i++) e->source[i] = -1;
  for (int arg = -1; p < end; p++) {
    if (!strncmp(p, "%arg", 4)) arg++;
    if (!strncmp(p, "aliasing_output = ", 18)) e->source[atoi(p + 18)] = arg;
  }
  for (p = end; *p != '\n'; p++) if (!strncmp(p, "tensor<", 7)) e->outputs++;
  COUNT(programs, 1);
  return NULL;
}
typedef struct { HEAD; Program *loaded, *executable; } GetExecutable;
static Error* get_executable(GetExecutable* a) { SIZED(a, GetExecutable); a->executable = a->loaded; COUNT(programs, 1); return NULL; }
typedef struct { HEAD; Program* executable; size_t count; } NumOutputs;
static Error* num_outputs(NumOutputs* a) { SIZED(a, NumOutputs); a->count = a->executable->outputs; return NULL; }
typedef struct { HEAD; Program* executable; } ProgramArgs;
static Error* executable_destroy(ProgramArgs* a) { SIZED(a, ProgramArgs); EXPECT(a->executable); COUNT(programs, -1); return NULL; }
static Error* loaded_destroy(ProgramArgs* a) { SIZED(a, ProgramArgs); EXPECT(a->executable); EXPECT(a->executable->running == 0); free(a->executable); COUNT(programs, -1); return NULL; }
typedef struct { HEAD; Program* executable; const char* bytes; size_t size; void* serialized; void (*deleter)(void*); } Serialize;
static void deleter(void* p) { free(p); COUNT(buffers, -1); }
static Error* serialize(Serialize* a) {
  SIZED(a, Serialize);
  COUNT(buffers, 1); /* until its deleter is called */
  a->serialized = malloc(sizeof(Program));
  memcpy(a->serialized, a->executable, sizeof(Program));
  a->bytes = a->serialized; a->size = sizeof(Program); a->deleter = deleter;
  return NULL;
}
typedef struct { HEAD; void* client; const char* bytes; size_t size; Program* loaded; const char* options; size_t options_size; } Load;
static Error* load(Load* a) {
  SIZED(a, Load);
  EXPECT(a->size == sizeof(Program) && !a->options);
  a->loaded = malloc(sizeof(Program));
  memcpy(a->loaded, a->bytes, sizeof(Program));
  COUNT(programs, 1);
  return NULL;
}
typedef struct { HEAD; Program* executable; int64_t code, arguments, results, aliased, temporary, host[5], peak, total, allocation, indefinite, heap; } CompiledStats;
static Error* compiled_stats(CompiledStats* a) {
  SIZED(a, CompiledStats);
  a->code = 1 << 10; a->arguments = 4 << 20; a->results = 3 << 20; a->aliased = 2 << 20;
  a->temporary = a->executable->hungry ? 100 << 20 : 1 << 20;
  return NULL;
}
typedef struct { HEAD; Program* executable; size_t count; const Named* properties; } Cost;
static Error* cost(Cost* a) {
  static Named properties[2] = {{sizeof(Named), NULL, "flops", 5, 3, {.f = 42}, 1}, {sizeof(Named), NULL, "kernels", 7, 1, {.i64 = 7}, 1}};
  SIZED(a, Cost);
  if (a->executable->hungry) return fail(UNIMPLEMENTED, "no cost analysis", 0, 0);
  a->count = 2; a->properties = properties;
  return NULL;
}
typedef struct { HEAD; Program* executable; Code* program; } Optimised;
static Error* optimised(Optimised* a) {
  SIZED(a, Optimised);
  SIZED(a->program, Code);
  a->program->format = "hlo"; a->program->format_size = 3; a->program->code_size = 9;
  if (a->program->code) memcpy(a->program->code, "optimised", 9);
  return NULL;
}

typedef struct {
  HEAD;
  void* client;
  const void* data;
  int type;
  const int64_t* dims;
  size_t num_dims;
  const int64_t* strides;
  size_t num_strides;
  int semantics;
  void *device, *memory, *layout;
  Event* done;
  Buffer* buffer;
} FromHost;
static Error* from_host(FromHost* a) {
  SIZED(a, FromHost);
  EXPECT(a->client == &the_client && a->data && !a->strides && !a->num_strides && !a->memory && !a->layout);
  EXPECT((a->type == 11 || a->type == 4 || a->type == 8) && a->semantics == 0 && index_of(a->device) >= 0);
  Buffer* b = calloc(1, sizeof *b);
  b->bytes = 4;
  for (size_t i = 0; i < a->num_dims; i++) b->bytes *= a->dims[i];
  if (b->bytes > 16 << 20) { free(b); return fail(EXHAUSTED, "out of memory", 0, 0); }
  b->data = malloc(b->bytes + 1);
  b->device = index_of(a->device);
  memcpy(b->data, a->data, b->bytes);
  a->done = event(false);
  a->buffer = b;
  COUNT(buffers, 1);
  return NULL;
}
typedef struct {
  HEAD;
  void *send, *recv;
  size_t num_send, num_recv;
  int launch_id;
  const int64_t* kept;
  size_t num_kept;
  void* context;
  const char* location;
  size_t num_tasks;
  int* tasks;
  int64_t* incarnations;
  void* slices;
} Options;
typedef struct { HEAD; Program* executable; Options* options; Buffer* const* const* arguments; size_t num_devices, num_args; Buffer** const* outputs; Event** events; void* device; } Execute;
static Error* execute(Execute* a) {
  SIZED(a, Execute);
  SIZED(a->options, Options);
  EXPECT(!a->device && !a->options->send && !a->options->num_tasks && !a->options->slices && !a->options->launch_id);
  if ((int)a->num_devices != a->executable->replicas) return fail(INVALID, "%lld devices for %lld replicas", a->num_devices, a->executable->replicas);
  if (a->executable->hungry) return fail(EXHAUSTED, "out of memory", 0, 0);
  if (a->executable->lost) return fail(INTERNAL, "CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered", 0, 0);
  for (size_t d = 0; d < a->num_devices; d++) {
    for (size_t i = 0; i < a->num_args; i++) {
      if (a->arguments[d][i]->consumed) return fail(INVALID, "argument %lld was donated before", i, 0);
      if (a->arguments[d][i]->device != (int)d) return fail(INVALID, "argument on device %lld, wanted %lld", a->arguments[d][i]->device, d);
    }
  }
  for (size_t d = 0; d < a->num_devices; d++) {
    for (int i = 0; i < a->executable->outputs; i++) { /* a donated argument, moved; otherwise nothing */
      Buffer* b = calloc(1, sizeof *b);
      int from = a->executable->source[i];
      if (from >= 0) {
        EXPECT(from < (int)a->num_args);
        *b = *a->arguments[d][from];
        a->arguments[d][from]->consumed = true;
      }
      b->fails = a->executable->fails;
      a->outputs[d][i] = b;
      COUNT(buffers, 1);
    }
    if (a->events) a->events[d] = event(false);
  }
  __sync_fetch_and_add(&a->executable->running, 1);
  usleep(1000);
  __sync_fetch_and_sub(&a->executable->running, 1);
  return NULL;
}
typedef struct { HEAD; Buffer* buffer; } BufferArgs;
static Error* buffer_destroy(BufferArgs* a) {
  SIZED(a, BufferArgs);
  if (!a->buffer->consumed) free(a->buffer->data);
  free(a->buffer);
  COUNT(buffers, -1);
  return NULL;
}
typedef struct { HEAD; Buffer* buffer; size_t size; } Bytes;
static Error* buffer_bytes(Bytes* a) { SIZED(a, Bytes); a->size = a->buffer->bytes; return NULL; }
typedef struct { HEAD; Buffer* buffer; Event* event; } Ready;
static Error* buffer_ready(Ready* a) { SIZED(a, Ready); a->event = event(a->buffer->fails); return NULL; }
typedef struct { HEAD; Buffer* src; void* layout; void* dst; size_t size; Event* event; } ToHost;
static Error* to_host(ToHost* a) {
  SIZED(a, ToHost);
  if (a->src->consumed) return fail(PRECONDITION, "buffer was donated", 0, 0);
  EXPECT(!a->layout && (a->size == a->src->bytes || a->src->bytes == 0));
  memset(a->dst, 0, a->size);
  memcpy(a->dst, a->src->data, a->src->bytes);
  a->event = event(a->src->fails);
  return NULL;
}

/* The profiler: an extension with structures of its own, without room for extensions. It tells of one kernel on one device. */
typedef struct { bool started, stopped; } Profiler;
static int profilers;
typedef struct { size_t struct_size; void* priv; Error* error; } ProfilerErrorDestroy;
static void profiler_error_destroy(ProfilerErrorDestroy* a) { free(a->error->message); free(a->error); COUNT(errors, -1); }
typedef struct { size_t struct_size; void* priv; const Error* error; const char* message; size_t size; } ProfilerErrorMessage;
static void profiler_error_message(ProfilerErrorMessage* a) { a->message = a->error->message; a->size = strlen(a->message); }
typedef struct { size_t struct_size; const char* options; size_t options_size; Profiler* profiler; } ProfilerCreate;
static Error* profiler_create(ProfilerCreate* a) {
  SIZED(a, ProfilerCreate);
  EXPECT(a->options_size == 4 && !memcmp(a->options, "\x18\x01\x28\x01", 4)); /* device_tracer_level, version */
  if (profilers > 0) return fail(PRECONDITION, "another profiler is at work", 0, 0);
  a->profiler = calloc(1, sizeof(Profiler));
  COUNT(profilers, 1);
  return NULL;
}
typedef struct { size_t struct_size; Profiler* profiler; } ProfilerArgs;
static Error* profiler_destroy(ProfilerArgs* a) { SIZED(a, ProfilerArgs); free(a->profiler); COUNT(profilers, -1); return NULL; }
static Error* profiler_start(ProfilerArgs* a) { SIZED(a, ProfilerArgs); EXPECT(!a->profiler->started); a->profiler->started = true; return NULL; }
static Error* profiler_stop(ProfilerArgs* a) { SIZED(a, ProfilerArgs); EXPECT(a->profiler->started); a->profiler->stopped = true; return NULL; }
typedef struct { size_t struct_size; Profiler* profiler; uint8_t* buffer; size_t size; } ProfilerCollect;
static Error* profiler_collect(ProfilerCollect* a) {
  static const char space[] =
    "\x0a\x3b" "\x12\x0d/device:GPU:0"                /* a plane and its name */
    "\x22\x0c\x08\x07\x12\x08\x08\x07\x12\x04" "add_" /* event 7 is called add_ */
    "\x1a\x1c\x12\x12Stream #7(Compute)"             /* a line: */
    "\x22\x06\x08\x07\x18\x80\x89\x7a";               /* event 7 took 2 us */
  SIZED(a, ProfilerCollect);
  EXPECT(a->profiler->stopped && sizeof space - 1 == 61);
  if (a->buffer) { EXPECT(a->size == sizeof space - 1); memcpy(a->buffer, space, a->size); }
  a->size = sizeof space - 1;
  return NULL;
}
static const struct { size_t struct_size; void *priv, *functions[8]; } profiler = {
  80, NULL,
  {profiler_error_destroy, profiler_error_message, NULL, profiler_create, profiler_destroy, profiler_start, profiler_stop, profiler_collect},
};
typedef struct Extension { size_t struct_size; int type; const struct Extension* next; const void* api; int64_t context; } Extension;

#ifndef MAJOR
#define MAJOR 0
#endif
typedef struct { size_t struct_size; void* extension; size_t version_size; void* version_extension; int major, minor; void* functions[135]; } Api;
Api* GetPjrtApi(void) {
  static Api api;
  api.struct_size = sizeof api;
  api.version_size = 24;
  api.major = MAJOR;
  api.minor = 104;
  static const Extension last = {sizeof last, 1, NULL, &profiler, 0}, first = {sizeof first, 5, &last, NULL, 0};
  api.extension = (void*)&first;
  void** f = api.functions;
  f[0] = error_destroy; f[1] = error_message; f[2] = error_code; f[3] = initialize; f[5] = event_destroy; f[8] = event_await;
  f[10] = create; f[11] = client_destroy; f[12] = platform_name; f[14] = platform_version; f[16] = addressable;
  f[20] = compile; f[22] = from_host; f[26] = kind; f[29] = describe; f[34] = stats; f[40] = executable_destroy;
  f[44] = num_outputs; f[46] = cost; f[48] = optimised; f[49] = serialize; f[50] = loaded_destroy; f[51] = get_executable;
  f[55] = execute; f[56] = load; f[58] = buffer_destroy; f[64] = buffer_bytes; f[70] = to_host; f[72] = buffer_ready;
  f[96] = compiled_stats;
  return &api;
}
