//! The conformance suite, on a disk in memory that loses power and on the real one.

use super::harness::{DIRECTORY, World, os, small};
use crate::{Journal, Options};
use millstream_env::Env;
use millstream_store::conformance::{self, End, Provider};
use millstream_store::store::{Answer, LogStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;

struct OnMemoryDisk {
    world: World,
    options: Options,
}

impl OnMemoryDisk {
    fn new(options: Options) -> Self {
        Self {
            world: World::new(1),
            options,
        }
    }

    fn open_now(&self) -> Arc<dyn LogStore> {
        let env = Env {
            clock: Arc::new(millstream_env::SystemClock::new()),
            ..self.world.env()
        };
        Journal::open(env, Path::new(DIRECTORY), self.options).unwrap()
    }
}

impl Provider for OnMemoryDisk {
    fn open(&self) -> Answer<'_, Arc<dyn LogStore>> {
        Box::pin(async { self.open_now() })
    }

    fn reopen(&self, store: Arc<dyn LogStore>, end: End) -> Answer<'_, Option<Arc<dyn LogStore>>> {
        Box::pin(async move {
            match (end, self.options.durability) {
                (End::Stop, _) => store.shutdown().await,
                (End::Crash, crate::Durability::Fsync) => {
                    self.world.disk.power_loss(&self.world.dice);
                }
                (End::Crash, crate::Durability::Os) => self.world.disk.process_death(),
            }
            Some(self.open_now())
        })
    }
}

/// On the real disk a crash is a copy of the directory, taken while the store runs.
struct OnRealDisk {
    root: tempfile::TempDir,
    copies: Mutex<u32>,
}

impl OnRealDisk {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            copies: Mutex::new(0),
        }
    }

    fn directory(&self) -> PathBuf {
        self.root
            .path()
            .join(self.copies.lock().unwrap().to_string())
    }

    fn open_now(&self) -> Arc<dyn LogStore> {
        Journal::open(Env::real(), &self.directory(), small()).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "the real disk is what is tried")]
    fn copy(&self) {
        let from = self.directory();
        *self.copies.lock().unwrap() += 1;
        let to = self.directory();
        std::fs::create_dir(&to).unwrap();
        for file in std::fs::read_dir(&from).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

impl Provider for OnRealDisk {
    fn open(&self) -> Answer<'_, Arc<dyn LogStore>> {
        Box::pin(async { self.open_now() })
    }

    fn reopen(&self, store: Arc<dyn LogStore>, end: End) -> Answer<'_, Option<Arc<dyn LogStore>>> {
        Box::pin(async move {
            match end {
                End::Stop => store.shutdown().await,
                End::Crash => self.copy(),
            }
            Some(self.open_now())
        })
    }
}

#[tokio::test]
async fn a_synced_journal_when_power_is_lost_then_keeps_every_clause() {
    conformance::all(|| OnMemoryDisk::new(small())).await;
}

#[tokio::test]
async fn an_unsynced_journal_when_the_process_dies_then_keeps_every_clause() {
    conformance::all(|| OnMemoryDisk::new(os())).await;
}

#[tokio::test]
async fn a_journal_on_the_real_disk_when_copied_or_stopped_then_keeps_every_clause() {
    conformance::all(OnRealDisk::new).await;
}
