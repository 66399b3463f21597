//! A volume that can lose power: an ext4 file system in a file, mounted through a loop device.
//!
//! Power loss is the kernel's own `FS_IOC_SHUTDOWN`: from that moment nothing reaches the volume
//! any more, and unwritten data is gone once it is unmounted. It does not simulate disks that
//! ignore syncs or tear sectors. It needs root, loop devices, and python3 for the ioctl.
//!
//! The process is stopped before the volume, since power loss stops both: a sync in progress when
//! the volume is shut down may return success although its bytes are lost (ext4 of Linux 6.18 does
//! that in blocks that were allocated and never written), and no client can learn of that success.

use super::DriveError;
use super::server::Process;
use millstream_env::{Env, OpenMode};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// For each line read it stops a process, shuts the volume down, and reports completion. When its
/// standard input is closed, however its parent died, it unmounts the volume. Signals to the
/// process group do not prevent that.
const KEEPER: &str = r"
import fcntl, os, signal, struct, subprocess, sys
for end in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
    signal.signal(end, signal.SIG_IGN)
def halt(process):
    os.kill(process, signal.SIGSTOP)
    while True:
        with open(f'/proc/{process}/stat') as stat:
            if stat.read().rsplit(')', 1)[1].split()[0] in 'TZ':
                return
print('ready', flush=True)
for order in sys.stdin:
    try:
        process, flag = map(int, order.split())
        root = os.open(sys.argv[1], os.O_RDONLY)
        halt(process)
        fcntl.ioctl(root, 0x8004587D, struct.pack('I', flag))
        os.close(root)
        print('done', flush=True)
    except OSError as error:
        print(error, flush=True)
subprocess.run(['umount', '--lazy', sys.argv[1]])
";

/// What happens to the file system's own journal in a power loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// It is flushed first: files may have lengths whose bytes never arrived, and read as zeroes.
    JournalFlushed,
    /// What was not in it yet is lost: files may be missing, or have other names.
    JournalLost,
}

impl Shutdown {
    /// Both, in turn.
    pub fn nth(nth: u64) -> Self {
        if nth.is_multiple_of(2) {
            Self::JournalLost
        } else {
            Self::JournalFlushed
        }
    }

    /// The kernel's number: `EXT4_GOING_FLAGS_LOGFLUSH` and `EXT4_GOING_FLAGS_NOLOGFLUSH`.
    fn flag(self) -> &'static str {
        match self {
            Self::JournalFlushed => "1",
            Self::JournalLost => "2",
        }
    }
}

/// What the file system reserves for root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootShare {
    /// None.
    None,
    /// The default: one block of twenty.
    Usual,
}

impl RootShare {
    fn percent(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Usual => "5",
        }
    }
}

/// A mounted volume. Unmounted when dropped, and also when this process is killed.
pub struct Volume {
    image: PathBuf,
    root: PathBuf,
    keeper: Keeper,
}

/// The process that shuts the volume down and finally unmounts it.
struct Keeper {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Volume {
    /// Creates an empty volume of `bytes` in `folder` and mounts it there. The file is sparse.
    ///
    /// # Errors
    /// If this machine or this user may not mount; includes the tool's message.
    pub fn make(
        env: &Env,
        folder: &Path,
        bytes: u64,
        share: RootShare,
    ) -> Result<Self, DriveError> {
        let (image, root) = (folder.join("volume.ext4"), folder.join("volume"));
        env.disk.create_directory(&root)?;
        let file = env.disk.open(&image, OpenMode::CreateNew)?;
        file.set_length(bytes)?;
        // What is initialized later would be written beside the test.
        let eager = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F", "-m", share.percent(), "-E", eager])
            .arg(&image))?;
        let keeper = Keeper::start(&root)?;
        let volume = Self {
            image,
            root,
            keeper,
        };
        volume.mount()?;
        Ok(volume)
    }

    /// Where it is mounted.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Halts the process, and from then on nothing reaches the volume any more. The process is
    /// there until it is killed, and does nothing.
    pub fn shut_down(&mut self, process: &Process, shutdown: Shutdown) -> Result<(), DriveError> {
        let (id, flag) = (process.id(), shutdown.flag());
        self.keeper.order(&format!("{id} {flag}"))
    }

    /// Mounts it anew, with what reached it; nobody may have a file of it open.
    pub fn restart(&self) -> Result<(), DriveError> {
        run(Command::new("umount").arg(&self.root))?;
        self.mount()
    }

    /// The loop device goes by itself when it is unmounted.
    fn mount(&self) -> Result<(), DriveError> {
        run(Command::new("mount")
            .args(["-t", "ext4", "-o", "loop,noatime"])
            .arg(&self.image)
            .arg(&self.root))
    }
}

impl Keeper {
    fn start(root: &Path) -> Result<Self, DriveError> {
        let mut child = Command::new("python3")
            .args(["-I", "-S", "-c", KEEPER])
            .arg(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().expect("it is piped");
        let mut keeper = Self {
            child,
            orders,
            answers: BufReader::new(answers),
        };
        keeper.expect("ready")?;
        Ok(keeper)
    }

    fn order(&mut self, order: &str) -> Result<(), DriveError> {
        let orders = self.orders.as_mut().expect("it is open until the drop");
        writeln!(orders, "{order}")?;
        self.expect("done")
    }

    fn expect(&mut self, expected: &str) -> Result<(), DriveError> {
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if answer.trim_end() == expected {
            return Ok(());
        }
        Err(DriveError::Tool {
            program: "the volume's keeper".to_owned(),
            said: answer.trim_end().to_owned(),
        })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It unmounts and ends; if it is gone already there is nobody left to tell.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> Result<(), DriveError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| DriveError::Tool {
        program: program.clone(),
        said: error.to_string(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(DriveError::Tool { program, said })
}
