// What the kernel knows of System V semaphores and message queues of this ipc namespace.
#pragma once

// Process that last operated on a semaphore of a set (semctl(2), GETPID); 0 when none did, or a negative errno.
int hs_semaphore_last(int set, int number);
// Processes that last sent to and received from a queue (msgctl(2), IPC_STAT), 0 for none; 0 or a negative errno.
int hs_queue_last(int queue, int *sender, int *receiver);
