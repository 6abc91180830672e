#pragma once
#include <sys/types.h>

typedef void (*stand)(int count, char **arguments);
struct kind { const char *name; stand stand; };

/// Ends with an entry without a name.
extern const struct kind kinds[];

/// Tells the test that the program stands.
void ready(void);
/// Tells it that a system call returned EINTR, and how often so far.
void interrupted(void);
/// Says ready as soon as thread `tid` (0: every thread but the caller's) sleeps; returns then.
void ready_when_asleep(int tid);
/// Starts a thread that does that for the whole process, and returns at once.
void announce(void);
/// A thread that runs `body`, named `name`.
void begin(const char *name, void *(*body)(void *), void *argument);
/// Forks a child that dies with its parent; 0 in the child.
pid_t child(void);
/// Sleeps for ever.
void rest(void);
/// The file of that name, made where there is none, open to read and to write.
int opened(const char *path, const char *suffix);

#define STAND(name) void name(int count, char **arguments)
// Locks
STAND(mutex_cycle); STAND(mutex_abandoned); STAND(mutex_self); STAND(mutex_held); STAND(mutex_pi); STAND(mutex_robust); STAND(mutex_recursive); STAND(mutex_errorcheck);
STAND(mutex_shared); STAND(condition); STAND(semaphore); STAND(rwlock_read); STAND(rwlock_write); STAND(rwlock_again); STAND(barrier);
STAND(join); STAND(once); STAND(healthy_locks); STAND(futex_passed);
// Descriptors
STAND(pipe_read); STAND(pipe_write); STAND(fifo_open); STAND(poll_pipe); STAND(select_pipe); STAND(epoll_pipe);
STAND(accept_nobody); STAND(connect_backlog); STAND(socket_silent); STAND(socket_timeout); STAND(socket_gone);
STAND(unix_silent); STAND(unix_backlog); STAND(descriptor_zoo); STAND(inotify_read); STAND(ring_read);
// File locks
STAND(lock_posix); STAND(lock_behind); STAND(lock_ofd); STAND(lock_flock); STAND(lock_sqlite); STAND(lock_sqlite_wal); STAND(lock_sqlite_checkpoint);
// Processes, signals, time
STAND(sleep_long); STAND(sleep_until); STAND(wait_child); STAND(wait_vfork); STAND(wait_signal); STAND(wait_pause);
STAND(script_stopped); STAND(script_going); STAND(follow); STAND(follower_unread); STAND(follower_read); STAND(replay); STAND(replay_unread); STAND(loop_at_fifo); STAND(lock_at_work); STAND(child_deaf); STAND(child_tidies);
STAND(semop_wait); STAND(message_wait); STAND(zombie_leader); STAND(exec_again); STAND(short_lived);
STAND(not_dumpable); STAND(confined); STAND(deny_ptrace); STAND(forks); STAND(connect_nobody); STAND(echo_once);
// Shapes
STAND(deep_threads); STAND(busy); STAND(churn); STAND(corrupt_stack); STAND(variable_frame); STAND(serve); STAND(generated_code);
// Conversations
STAND(answer_drips); STAND(answer_slow); STAND(answer_stalls); STAND(subscription); STAND(closed_early); STAND(closed_after);
STAND(connect_blackholed); STAND(peer_deaf); STAND(peer_not_reading); STAND(peer_dozing); STAND(peer_napping); STAND(both_write); STAND(peer_reading); STAND(loop_silent);
STAND(answer_locked); STAND(answer_unlocked); STAND(orders_answered); STAND(orders_asked);
STAND(answer_trickles); STAND(answer_small); STAND(answer_short); STAND(answer_whole); STAND(answer_short_looped); STAND(answer_whole_looped); STAND(echo_unread); STAND(echo_read); STAND(read_past_end); STAND(look_past_end);
STAND(loop_kept); STAND(resolve); STAND(descriptors_gone); STAND(descriptors_many);
// Circles
STAND(rwlock_abandoned); STAND(join_worker); STAND(idle_pool); STAND(event_read); STAND(pipe_own); STAND(pipe_child);
STAND(pipe_drained); STAND(child_stopped); STAND(pipe_polled); STAND(watch_hangup); STAND(spin_flag); STAND(spin_yield);
STAND(compute); STAND(compute_locked); STAND(copy_bytes); STAND(output_locked); STAND(output_led);
// Well, and quiet
STAND(udp_silent); STAND(udp_serve); STAND(poll_closed); STAND(poll_datagrams); STAND(sleep_daily); STAND(broker_take);
STAND(subscription_quiet); STAND(prefork); STAND(job_pipe); STAND(orders_done); STAND(orders_to_come); STAND(greet_silent); STAND(long_poll);
// Storage
STAND(disk_silent); STAND(disk_slow); STAND(memory_locked);
// Messages
STAND(semaphore_taken); STAND(queue_orphan); STAND(queue_full); STAND(queue_posix); STAND(sleep_mistaken);
// Pagers
STAND(event_inherited); STAND(page_missing); STAND(eat_memory);
// Selves
STAND(pipe_own_ticked); STAND(pipe_logged); STAND(pipe_signalled); STAND(join_each_other); STAND(connect_self);
STAND(semaphore_orphaned); STAND(semaphore_fed); STAND(semaphore_told); STAND(child_keeps); STAND(filter_open); STAND(filter_kept);
// Beside a thread that ticks
STAND(beat_condition); STAND(beat_barrier); STAND(beat_rwlock); STAND(beat_warming); STAND(beat_service); STAND(beat_consumer); STAND(beat_workers);
STAND(beat_flusher); STAND(beat_stages); STAND(beat_fed); STAND(beat_kept); STAND(beat_reporter); STAND(beat_reported); STAND(beat_handing); STAND(spin_beside_beats); STAND(spin_for_steps); STAND(child_missed);
// Rounds
STAND(list_circle); STAND(count_up); STAND(spin_for_result); STAND(asks_again); STAND(asks_and_writes);
STAND(lock_in_pipes); STAND(lock_before_pipes); STAND(result_beside_ticks); STAND(result_of_ticks);
// Neighbours
STAND(loop_filter); STAND(loop_helper); STAND(loop_server); STAND(pair_joined); STAND(pair_served); STAND(pair_stopped); STAND(pair_unfetched);
STAND(pairs_crossed); STAND(pairs_answered); STAND(locks_inherited); STAND(locks_shared);
// Others
STAND(semaphore_deserted); STAND(semaphore_shared); STAND(semaphore_named); STAND(licence_lost); STAND(licence_lent); STAND(spin_for_rounds); STAND(loop_unread); STAND(loop_read_slowly); STAND(output_inherited);
// Pools of C++
STAND(pool_full); STAND(pool_of_consumers); STAND(pool_enough); STAND(pool_full_told); STAND(pool_enough_told); STAND(once_result); STAND(once_computed);
STAND(shared_kept); STAND(shared_let_go);
STAND(clerks_at_rest); STAND(clerks_kept); STAND(clerks_awaited); STAND(stalls_at_rest); STAND(ball_lost); STAND(desk_deserted);
STAND(gate_alone); STAND(gate_static); STAND(gate_handed); STAND(gate_passed); STAND(gate_twice);
// Ways that code takes
STAND(spin_beside_tally); STAND(spin_until_tally); STAND(flag_handed); STAND(flag_handed_slowly);
// FIFOs that anybody may write to
STAND(fifo_orders); STAND(fifo_nameless);
// Looks that nobody answers, and semaphores in two orders
STAND(flag_polled); STAND(flag_to_come); STAND(semaphores_crossed); STAND(semaphores_fed);
