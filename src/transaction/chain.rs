//! What scripts may ask the chain for, from what stands in a file: cells' data, headers, extensions
//! of blocks.

use std::sync::Arc;

use ckb_mock_tx_types::Resource;
use ckb_traits::{CellDataProvider, ExtensionProvider, HeaderProvider};
use ckb_types::bytes::Bytes;
use ckb_types::core::HeaderView;
use ckb_types::core::cell::CellMeta;
use ckb_types::packed::{self, Byte32, OutPoint};

/// Cells, headers and extensions of one transaction, shared by all who verify it.
///
/// ```
/// use ckb_traits::CellDataProvider;
/// use ckb_types::packed::OutPoint;
/// use lockstep::transaction::Chain;
///
/// fn bytes(chain: &Chain, cell: &OutPoint) -> Option<usize> {
///     Some(chain.get_cell_data(cell)?.len())
/// }
/// ```
#[derive(Clone)]
pub struct Chain(Arc<Resource>);

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").finish_non_exhaustive()
    }
}

impl Chain {
    pub(super) fn new(resource: Resource) -> Chain {
        Chain(Arc::new(resource))
    }
}

impl CellDataProvider for Chain {
    /// Large data is remembered ([`lockstep_runtime::remember_data`]): all verifications of a transaction share it.
    fn load_cell_data(&self, cell: &CellMeta) -> Option<Bytes> {
        let in_memory = cell.mem_cell_data.clone();
        let data = in_memory.or_else(|| self.get_cell_data(&cell.out_point))?;
        lockstep_runtime::remember_data(&data);
        Some(data)
    }

    fn get_cell_data(&self, out_point: &OutPoint) -> Option<Bytes> {
        self.0.get_cell_data(out_point)
    }

    fn get_cell_data_hash(&self, out_point: &OutPoint) -> Option<Byte32> {
        self.0.get_cell_data_hash(out_point)
    }
}

impl HeaderProvider for Chain {
    fn get_header(&self, hash: &Byte32) -> Option<HeaderView> {
        self.0.get_header(hash)
    }
}

impl ExtensionProvider for Chain {
    fn get_block_extension(&self, hash: &Byte32) -> Option<packed::Bytes> {
        self.0.get_block_extension(hash)
    }
}
