/* Preloaded into a program: memory runs out at a chosen moment.

   MEMORY_SIZE   requests of at least so many bytes count
   MEMORY_FAILS  this one of them, from 1, gets nothing, nor do those that follow, until a large block is given back
   MEMORY_RANK   only in this rank of MPI
   MEMORY_COUNT  a file that gets the number of requests when the program ends */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static atomic_long requests;
static atomic_long first_failing = -1; /* -1: none */
static size_t size = (size_t)-1;

__attribute__((constructor)) static void begin(void) {
  const char* bytes = getenv("MEMORY_SIZE");
  const char* fails = getenv("MEMORY_FAILS");
  const char* rank = getenv("MEMORY_RANK");
  const char* own_rank = getenv("OMPI_COMM_WORLD_RANK");
  if (bytes == NULL) return;
  if (rank != NULL && (own_rank == NULL || atoi(rank) != atoi(own_rank))) return;
  size = (size_t)atol(bytes);
  if (fails != NULL) first_failing = atol(fails);
}

__attribute__((destructor)) static void end(void) {
  const char* path = getenv("MEMORY_COUNT");
  FILE* file = path == NULL || size == (size_t)-1 ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld\n", requests);
  fclose(file);
}

static int fails(size_t bytes) {
  if (bytes < size) return 0;
  const long request = ++requests;
  if (first_failing < 0 || request < first_failing) return 0;
  errno = ENOMEM;
  return 1;
}

void free(void* memory) {
  if (memory != NULL && first_failing >= 0 && requests >= first_failing && malloc_usable_size(memory) >= 1 << 20)
    first_failing = -1;
  __libc_free(memory);
}
void* malloc(size_t bytes) { return fails(bytes) ? NULL : __libc_malloc(bytes); }
void* calloc(size_t n, size_t bytes) { return fails(n * bytes) ? NULL : __libc_calloc(n, bytes); }
void* realloc(void* memory, size_t bytes) { return fails(bytes) ? NULL : __libc_realloc(memory, bytes); }
void* memalign(size_t alignment, size_t bytes) { return fails(bytes) ? NULL : __libc_memalign(alignment, bytes); }
void* aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory == NULL ? ENOMEM : 0;
}
