/* Preloaded into a program: at the n-th of some calls on files whose names hold a text it kills the process, or lets
 * the call fail as on a full disk.
 *
 *   SHOAL_FAULT=kill:rename:2    SIGKILL before the second rename
 *   SHOAL_FAULT=kill:half:1      SIGKILL after half of the first write
 *   SHOAL_FAULT=full:write:3     the third write, and all after it, find no space
 *   SHOAL_FAULT=error:fsync:1    the first fsync fails
 *   SHOAL_FAULT=hold:fsync:1     the first fsync makes the file that SHOAL_FAULT_HELD names, and waits until it is gone
 *   SHOAL_FAULT=hold:open:1      the first open does
 *   SHOAL_FAULT=slow:fsync:1     the first fsync, and all after it, take two seconds
 *   SHOAL_FAULT_FILE=c.ckpt      on files whose names hold this (leases only where it says .lease)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OTHER, KILL, FULL, FAIL, HOLD, SLOW };

/* What is to happen at this call: it counts the calls of its kind. */
static int fault_at(const char* call) {
  static int seen = 0;
  const char* text = getenv("SHOAL_FAULT");
  char what[16], where[16];
  int number = 0;
  if (text == NULL || sscanf(text, "%15[a-z]:%15[a-z]:%d", what, where, &number) != 3) return OTHER;
  if (strcmp(where, call) != 0) return OTHER;
  ++seen;
  if (strcmp(what, "kill") == 0) return seen == number ? KILL : OTHER;
  if (strcmp(what, "full") == 0) return seen >= number ? FULL : OTHER;
  if (strcmp(what, "slow") == 0) return seen >= number ? SLOW : OTHER;
  if (strcmp(what, "hold") == 0) return seen == number ? HOLD : OTHER;
  return seen == number ? FAIL : OTHER;
}

static void hold(void) {
  const char* held = getenv("SHOAL_FAULT_HELD");
  const struct timespec while_away = {0, 2000000};
  close(open(held, O_CREAT | O_WRONLY, 0600));
  while (access(held, F_OK) == 0) nanosleep(&while_away, NULL);
}

static int concerns(const char* name) {
  const char* wanted = getenv("SHOAL_FAULT_FILE");
  if (wanted == NULL || strstr(name, wanted) == NULL) return 0;
  return strstr(name, ".lease") == NULL || strstr(wanted, ".lease") != NULL;
}

static int concerns_descriptor(int descriptor) {
  char link[64], name[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t n = readlink(link, name, sizeof name - 1);
  if (n < 0) return 0;
  name[n] = '\0';
  return concerns(name);
}

static int happens(const char* call) {
  switch (fault_at(call)) {
    case KILL: raise(SIGKILL); return 0;
    case FULL: errno = ENOSPC; return 1;
    case FAIL: errno = EIO; return 1;
    case HOLD: hold(); return 0;
    case SLOW: sleep(2); return 0;
    default: return 0;
  }
}

int open(const char* name, int flags, ...) {
  static int (*next)(const char*, int, ...) = NULL;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "open");
  if (concerns(name) && happens("open")) return -1;
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return next(name, flags, mode);
}

int rename(const char* from, const char* to) {
  static int (*next)(const char*, const char*) = NULL;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "rename");
  if (concerns(to) && happens("rename")) return -1;
  return next(from, to);
}

int fsync(int descriptor) {
  static int (*next)(int) = NULL;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "fsync");
  if (concerns_descriptor(descriptor) && happens("fsync")) return -1;
  return next(descriptor);
}

ssize_t write(int descriptor, const void* bytes, size_t n) {
  static ssize_t (*next)(int, const void*, size_t) = NULL;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "write");
  if (getenv("SHOAL_FAULT") != NULL && concerns_descriptor(descriptor)) {
    if (fault_at("half") == KILL) {
      next(descriptor, bytes, n / 2);
      raise(SIGKILL);
    }
    if (happens("write")) return -1;
  }
  return next(descriptor, bytes, n);
}
