// SPDX-License-Identifier: Apache-2.0
/* Runs a command and measures it, for measuring.py:
 *
 *     measured_run [--memory] COMMAND...
 *
 * Prints five numbers: wall time and processor time in microseconds, the peak resident memory of the
 * largest process in KiB, the peak proportional set size of all processes in KiB, and the status of
 * the command. Times and memory are those of the command and of all its descendants.
 *
 * A child begins with the peak of resident memory of the process that starts it. This program is
 * small, so it does not spoil that figure as Python would.
 *
 * The proportional set size is 0 without --memory. It is sampled while the command runs, which takes
 * processor time of the other core, so the other figures of such a run are worth less.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

/* The proportional set size of one process in KiB; 0 if it has ended. */
static long own_size(long pid) {
  char line[256];
  long size = 0;
  snprintf(line, sizeof line, "/proc/%ld/smaps_rollup", pid);
  FILE* file = fopen(line, "r");
  if (file == NULL) return 0;
  while (size == 0 && fgets(line, sizeof line, file) != NULL) sscanf(line, "Pss: %ld", &size);
  fclose(file);
  return size;
}

/* The same for a process and all below it. */
static long size_of(long pid) {
  char path[64];
  long child;
  long size = own_size(pid);
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
  FILE* children = fopen(path, "r");
  if (children == NULL) return size;
  while (fscanf(children, "%ld", &child) == 1) size += size_of(child);
  fclose(children);
  return size;
}

static pid_t start(char** command) {
  const pid_t child = vfork();
  if (child != 0) return child;
  dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
  execv(command[0], command);
  _exit(127);
}

int main(int argc, char** argv) {
  const int samples = argc > 1 && strcmp(argv[1], "--memory") == 0;
  if (argc < 2 + samples) return 2;
  prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
  const long started = now_us();
  const pid_t child = start(argv + 1 + samples);
  if (child < 0) return 1;
  int status = 0;
  long largest = 0;
  while (samples && waitpid(child, &status, WNOHANG) == 0) {
    const long size = size_of(child);
    if (size > largest) largest = size;
  }
  if (!samples) waitpid(child, &status, 0);
  const long wall = now_us() - started;
  while (wait(NULL) > 0) { /* descendants whose parent has ended */
  }
  struct rusage used;
  getrusage(RUSAGE_CHILDREN, &used);
  const long cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L +
                   used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  printf("%ld %ld %ld %ld %d\n", wall, cpu, used.ru_maxrss, largest,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
