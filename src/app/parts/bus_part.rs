//! The part that carries events: which bus the settings name, and its task.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::warn;

use crate::app::start_error::StartError;
use crate::bus::{
    Broker, Cluster, HeadsRequest, LocalReceiver, NatsBus, NatsOptions, PusherBus, SingleNode, UnreliableBroker,
    local_bus,
};
use crate::config::{BusAddress, PusherServer, Secret, ServeConfig};
use crate::pusher::AppId;

use super::outgoing_calls::{http_client, install_cryptography};

/// How long what waits may take to leave at the end.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// Requests for the last numbers of rooms that may wait. When more come, many nodes have come back at once, and the gap
/// reminder tells them.
const HEADS_WANTED: usize = 64;

/// The bus of this process.
pub(in crate::app) struct BusPart {
    broker: Arc<dyn Broker>,
    cluster: Arc<dyn Cluster>,
    /// The broadcaster's end, in a role with sockets.
    receiver: Option<LocalReceiver>,
    task: Option<(Closing, rt::task::JoinHandle<()>)>,
    may_lose_events: bool,
    /// What rooms' heads other processes ask for, in a role with the store.
    heads_wanted: Option<mpsc::Receiver<HeadsRequest>>,
}

/// Tells a bus that nothing more will come.
type Closing = Box<dyn FnOnce()>;

impl BusPart {
    pub(in crate::app) async fn build(config: &ServeConfig, app: AppId) -> Result<Self, StartError> {
        let mut part = match config.bus.address()? {
            BusAddress::Local => {
                let (bus, receiver) = local_bus(config.socket.broadcast_queue);
                let single_node = Arc::new(SingleNode::default());
                Self {
                    broker: Arc::new(bus),
                    cluster: single_node,
                    receiver: Some(receiver),
                    task: None,
                    may_lose_events: false,
                    heads_wanted: None,
                }
            }
            BusAddress::Pusher(server) => Self::to_socket_server(config, server)?,
            BusAddress::Nats(servers) => Self::between_processes(config, app, servers).await?,
        };
        if config.bus.bus_faults_percent > 0 {
            part.may_lose_events = true;
            part.broker = Arc::new(UnreliableBroker::new(part.broker, config.bus.bus_faults_percent));
        }
        Ok(part)
    }

    fn to_socket_server(config: &ServeConfig, server: PusherServer) -> Result<Self, StartError> {
        let (queue, batch) = (config.bus.bus_queue, config.bus.bus_batch);
        let (bus, publisher) = PusherBus::new(server, http_client()?, queue, batch);
        let closing = bus.clone();
        let closing: Closing = Box::new(move || closing.close());
        let task = Some((closing, rt::spawn(publisher)));
        let single_node = Arc::new(SingleNode::default());
        let broker = Arc::new(bus);
        Ok(Self { broker, cluster: single_node, receiver: None, task, may_lose_events: true, heads_wanted: None })
    }

    async fn between_processes(config: &ServeConfig, app: AppId, servers: Vec<Secret>) -> Result<Self, StartError> {
        install_cryptography();
        let (local, receiver) = match config.role.has_sockets() {
            true => {
                let (local, receiver) = local_bus(config.socket.broadcast_queue);
                (Some(local), Some(receiver))
            }
            false => (None, None),
        };
        let (heads, heads_wanted) = match config.role.has_store() {
            true => {
                let (heads, wanted) = mpsc::channel(HEADS_WANTED);
                (Some(heads), Some(wanted))
            }
            false => (None, None),
        };
        let outage = Duration::from_secs(config.bus.bus_outage_secs);
        let options = NatsOptions { servers, app, queue: config.bus.bus_queue, outage, local, heads };
        let (bus, tasks) = NatsBus::start(options).await?;
        let (broker, cluster, closing) = (bus.clone(), bus.clone(), bus);
        let closing: Closing = Box::new(move || closing.close());
        let task = Some((closing, rt::spawn(tasks.run())));
        let (broker, cluster) = (Arc::new(broker), Arc::new(cluster));
        Ok(Self { broker, cluster, receiver, task, may_lose_events: true, heads_wanted })
    }

    pub(in crate::app) fn broker(&self) -> Arc<dyn Broker> {
        Arc::clone(&self.broker)
    }

    pub(in crate::app) fn cluster(&self) -> Arc<dyn Cluster> {
        Arc::clone(&self.cluster)
    }

    /// The broadcaster's end, once; `None` in a role without sockets.
    pub(in crate::app) fn take_receiver(&mut self) -> Option<LocalReceiver> {
        self.receiver.take()
    }

    /// Whether what leaves may not arrive. Within a process nothing gets lost but what is counted and made good there.
    pub(in crate::app) const fn may_lose_events(&self) -> bool {
        self.may_lose_events
    }

    /// The heads that other processes ask for, once; `None` when nobody can.
    pub(in crate::app) fn take_heads_wanted(&mut self) -> Option<mpsc::Receiver<HeadsRequest>> {
        self.heads_wanted.take()
    }

    /// Lets what waits leave, and ends.
    pub(in crate::app) async fn end(self) {
        if let Some((close, task)) = self.task {
            close();
            let aborting = task.abort_handle();
            if timeout(END_TIMEOUT, task).await.is_err() {
                warn!("what waited for the bus did not leave in time; clients read it from the log");
                aborting.abort();
            }
        }
    }
}
