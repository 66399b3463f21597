//! One seed decides everything, and a life ends with all its state.

use super::{DiskSpeed, Life, Line, OnFault, Simulation, Trace};
use crate::{Env, Fault, MemoryDisk, OpenMode, Tasks, Timestamp};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

const WALL: Timestamp = Timestamp(1_000_000);
const SYNC: Duration = Duration::from_millis(2);

fn env(world: &Simulation, disk: &MemoryDisk) -> Env {
    let nobody: OnFault = Arc::new(|_, _| ());
    world.life().env(disk, &DiskSpeed::new(SYNC), nobody)
}

/// Runs some competing tasks: returns the order in which they got through, and the trace.
fn compete(seed: u64) -> (Vec<u64>, Trace) {
    compete_in(&Simulation::new(seed, WALL))
}

fn compete_in(world: &Simulation) -> (Vec<u64>, Trace) {
    let env = env(world, &MemoryDisk::new());
    let (tx, mut rx) = mpsc::channel(100);
    let (go, started) = watch::channel(false);
    for number in 0..10_u64 {
        let (tx, clock, mut started) = (tx.clone(), env.clock.clone(), started.clone());
        let task = async move {
            started.wait_for(|go| *go).await.unwrap();
            clock.sleep(Duration::from_millis(number % 3)).await;
            tx.send(number).await.unwrap();
        };
        env.tasks.spawn("competitor", Box::pin(task));
    }
    drop(tx);
    let order = world.run(async move {
        go.send_replace(true);
        let mut order = Vec::new();
        while let Some(number) = rx.recv().await {
            order.push(number);
        }
        order
    });
    (order, world.trace())
}

#[test]
fn tasks_when_the_seed_is_the_same_then_take_the_same_steps() {
    assert_eq!(compete(7), compete(7));
}

#[test]
fn lines_when_two_runs_part_then_the_first_difference_is_named() {
    let lines = |seed, word| {
        let world = Simulation::new(seed, WALL);
        world.keep_lines();
        compete_in(&world);
        world.note(word, 1);
        world.take_lines()
    };
    let (one, same, other) = (lines(7, "a"), lines(7, "a"), lines(7, "b"));
    assert_eq!(Line::first_difference(&one, &same), None);
    let difference = Line::first_difference(&one, &other).unwrap();
    assert!(difference.starts_with(&format!("line {}: ", one.len())));
    assert!(
        difference.contains(" a 1 | ") && difference.ends_with(" b 1"),
        "{difference}"
    );
    let longer = Line::first_difference(&one, &one[..3]).unwrap();
    assert!(
        longer.starts_with("line 4: ") && longer.ends_with("its end"),
        "{longer}"
    );
    assert!(Line::first_difference(&one, &lines(8, "a")).is_some());
}

#[test]
fn tasks_when_the_seed_is_another_then_come_in_another_order() {
    let orders: std::collections::BTreeSet<_> = (0..20).map(|seed| compete(seed).0).collect();
    assert!(orders.len() > 10, "{orders:?}");
}

#[test]
fn sleepers_when_nobody_can_go_on_then_move_the_clock() {
    let world = Simulation::new(1, WALL);
    let env = env(&world, &MemoryDisk::new());
    let clock = env.clock.clone();
    let slept = world.run(async move {
        clock.sleep(Duration::from_hours(3)).await;
        (clock.now(), clock.monotonic())
    });
    let hours = |since: Duration| since.as_secs() / 3600;
    assert_eq!((hours(slept.0.since(WALL)), hours(slept.1.0)), (3, 3));
    world.set_wall_ahead(-5_000);
    let back = env.clock.now();
    assert!(back < slept.0 && env.clock.monotonic() >= slept.1);
}

#[test]
#[should_panic(expected = "everybody waits for ever")]
fn a_run_when_it_waits_for_what_cannot_come_then_says_so() {
    Simulation::new(1, WALL).run(std::future::pending::<()>());
}

#[test]
fn a_life_when_it_ends_then_its_tasks_go_and_start_nothing_new() {
    let world = Simulation::new(1, WALL);
    let life = world.life();
    let (tasks, clock) = (life.tasks(), life.clock());
    let count = Arc::new(AtomicUsize::new(0));
    let (alive, gone) = oneshot::channel::<()>();
    let counter = count.clone();
    let task = async move {
        let _alive = alive;
        loop {
            clock.sleep(Duration::from_millis(1)).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    tasks.spawn("counter", Box::pin(task));
    let clock = world.life().clock();
    let other = life.clone();
    world.run(async move {
        clock.sleep(Duration::from_millis(10)).await;
        other.end();
        assert!(gone.await.is_err(), "what it held is gone");
    });
    let counted = count.load(Ordering::Relaxed);
    assert!((5..=10).contains(&counted) && !life.goes_on(), "{counted}");
    let spawned = count.clone();
    let late = async move {
        spawned.store(99, Ordering::Relaxed);
    };
    tasks.spawn("late", Box::pin(late));
    let clock = world.life().clock();
    world.run(async move { clock.sleep(Duration::from_millis(10)).await });
    assert_eq!(count.load(Ordering::Relaxed), counted);
}

/// Writes and syncs on a thread, while another task observes its progress.
fn overlap(seed: u64) -> Vec<usize> {
    let world = Simulation::new(seed, WALL);
    let disk = MemoryDisk::new();
    let env = env(&world, &disk);
    env.disk.create_directory(Path::new("/d")).unwrap();
    let stage = Arc::new(AtomicUsize::new(0));
    let (files, here) = (env.disk.clone(), stage.clone());
    let work = async move {
        let file = files.open(Path::new("/d/f"), OpenMode::CreateNew).unwrap();
        here.store(1, Ordering::Relaxed);
        file.write_all_at(b"x", 0).unwrap();
        here.store(2, Ordering::Relaxed);
        file.sync_data().unwrap();
        here.store(3, Ordering::Relaxed);
    };
    env.tasks.spawn_thread("writer", Box::pin(work));
    let clock = env.clock.clone();
    world.run(async move {
        let mut seen = Vec::new();
        while stage.load(Ordering::Relaxed) < 3 {
            let now = stage.load(Ordering::Relaxed);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            clock.sleep(Duration::from_micros(10)).await;
        }
        seen
    })
}

#[test]
fn a_disk_call_of_a_thread_when_it_takes_time_then_others_run_meanwhile() {
    let seen: Vec<Vec<usize>> = (0..20).map(overlap).collect();
    assert!(seen.iter().any(|seen| seen.contains(&2)), "{seen:?}");
}

#[test]
fn a_fault_when_it_strikes_then_its_call_is_told_of_and_the_life_can_end_there() {
    let world = Simulation::new(3, WALL);
    let disk = MemoryDisk::new();
    let life = world.life();
    let struck = Arc::new(Mutex::new(Vec::new()));
    let (told, dying) = (struck.clone(), life.clone());
    let on_fault: OnFault = Arc::new(move |call, fault| {
        told.lock().unwrap().push((call, fault));
        dying.end();
    });
    let env = life.env(&disk, &DiskSpeed::new(SYNC), on_fault);
    env.disk.create_directory(Path::new("/d")).unwrap();
    disk.fail_nth(crate::Call::Write, 1, Fault::Death);
    let files = env.disk.clone();
    let (alive, gone) = oneshot::channel::<()>();
    let work = async move {
        let _alive = alive;
        let file = files.open(Path::new("/d/f"), OpenMode::CreateNew).unwrap();
        let number = |result: std::io::Result<()>| crate::raw_os_error(&result.unwrap_err());
        assert_eq!(number(file.write_all_at(b"x", 0)), Some(5));
        assert_eq!(number(file.sync_data()), Some(5), "the dead reach no disk");
        std::future::pending::<()>().await;
    };
    env.tasks.spawn_thread("writer", Box::pin(work));
    world.run(async move { assert!(gone.await.is_err()) });
    assert_eq!(
        *struck.lock().unwrap(),
        [(crate::Call::Write, Fault::Death)]
    );
}

#[test]
fn task_when_it_panics_in_a_mortal_life_then_dies_alone_and_is_known_by_name() {
    let world = Simulation::new(3, WALL);
    let life = world.life().mortal();
    let (tasks, deaths) = (life.tasks(), life.tasks().deaths());
    let own = tasks.clone();
    let waits = async move { own.run_blocking(Box::new(|| panic!("a bug"))).await };
    tasks.spawn_request("request", Box::pin(async { panic!("another bug") }));
    tasks.spawn("keeper", Box::pin(waits));
    let death = world.run(async move { deaths.wait().await });
    assert_eq!((death.task, &*death.said), ("keeper", "a bug"));
    assert_eq!(life.tasks().deaths().requests(), 1);
}

#[test]
#[should_panic(expected = "a bug")]
fn task_when_it_panics_in_another_life_then_ends_the_world() {
    let world = Simulation::new(3, WALL);
    let tasks = world.life().tasks();
    tasks.spawn("keeper", Box::pin(async { panic!("a bug") }));
    world.run(std::future::pending::<()>());
}

#[test]
fn life_when_suspended_then_takes_no_step_until_it_is_resumed_and_misses_no_wake() {
    let world = Simulation::new(7, WALL);
    let life = world.life();
    let steps = Arc::new(AtomicUsize::new(0));
    let (clock, counter) = (life.clock(), steps.clone());
    let ticks = async move {
        loop {
            clock.sleep(Duration::from_millis(10)).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    life.spawn("ticks", Box::pin(ticks));
    let clock = world.life().clock();
    let seen = world.run(async move {
        let mut seen = Vec::new();
        for change in [Life::suspend, Life::resume, Life::suspend, Life::end] {
            clock.sleep(Duration::from_millis(105)).await;
            change(&life);
            seen.push(steps.load(Ordering::Relaxed));
        }
        seen
    });
    let [before, asleep, awake, end] = seen[..] else {
        panic!("{seen:?}");
    };
    assert!(before > 0 && awake > asleep, "{seen:?}");
    assert_eq!((before, awake), (asleep, end));
}
