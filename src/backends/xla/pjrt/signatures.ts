/**
 * The functions of pjrt_c_api.h in the order of the table PJRT_Api, as far as the last one that we call. The table
 * only ever grows at its end.
 */
export const TABLE = `
Error_Destroy Error_Message Error_GetCode Plugin_Initialize Plugin_Attributes
Event_Destroy Event_IsReady Event_Error Event_Await Event_OnReady
Client_Create Client_Destroy Client_PlatformName Client_ProcessIndex Client_PlatformVersion Client_Devices
Client_AddressableDevices Client_LookupDevice Client_LookupAddressableDevice Client_AddressableMemories
Client_Compile Client_DefaultDeviceAssignment Client_BufferFromHostBuffer
DeviceDescription_Id DeviceDescription_ProcessIndex DeviceDescription_Attributes DeviceDescription_Kind
DeviceDescription_DebugString DeviceDescription_ToString
Device_GetDescription Device_IsAddressable Device_LocalHardwareId Device_AddressableMemories Device_DefaultMemory
Device_MemoryStats
Memory_Id Memory_Kind Memory_DebugString Memory_ToString Memory_AddressableByDevices
Executable_Destroy Executable_Name Executable_NumReplicas Executable_NumPartitions Executable_NumOutputs
Executable_SizeOfGeneratedCodeInBytes Executable_GetCostAnalysis Executable_OutputMemoryKinds
Executable_OptimizedProgram Executable_Serialize
LoadedExecutable_Destroy LoadedExecutable_GetExecutable LoadedExecutable_AddressableDevices LoadedExecutable_Delete
LoadedExecutable_IsDeleted LoadedExecutable_Execute Executable_DeserializeAndLoad LoadedExecutable_Fingerprint
Buffer_Destroy Buffer_ElementType Buffer_Dimensions Buffer_UnpaddedDimensions Buffer_DynamicDimensionIndices
Buffer_GetMemoryLayout Buffer_OnDeviceSizeInBytes Buffer_Device Buffer_Memory Buffer_Delete Buffer_IsDeleted
Buffer_CopyToDevice Buffer_ToHostBuffer Buffer_IsOnCpu Buffer_ReadyEvent Buffer_UnsafePointer
Buffer_IncreaseExternalReferenceCount Buffer_DecreaseExternalReferenceCount Buffer_OpaqueDeviceMemoryDataPointer
CopyToDeviceStream_Destroy CopyToDeviceStream_AddChunk CopyToDeviceStream_TotalBytes CopyToDeviceStream_GranuleSize
CopyToDeviceStream_CurrentBytes
TopologyDescription_Create TopologyDescription_Destroy TopologyDescription_PlatformName
TopologyDescription_PlatformVersion TopologyDescription_GetDeviceDescriptions TopologyDescription_Serialize
TopologyDescription_Attributes
Compile Executable_OutputElementTypes Executable_OutputDimensions Buffer_CopyToMemory
Client_CreateViewOfDeviceBuffer Executable_Fingerprint Client_TopologyDescription Executable_GetCompiledMemoryStats
`
  .trim()
  .split(/\s+/);

/**
 * The argument structs of those that we call: their fields after struct_size and extension_start, one slot each. "<"
 * marks what the function writes; of an int ("<#") or a bool ("<?") the rest of the slot is left as it was.
 */
export const SIGNATURES = {
  Error_Destroy: "error",
  Error_Message: "error <message <size",
  Error_GetCode: "error <#code",
  Plugin_Initialize: "",
  Plugin_Attributes: "<attributes <count",
  Event_Destroy: "event",
  Event_IsReady: "event <?ready",
  Event_Await: "event",
  Client_Create: "options count get get_arg put put_arg <client try try_arg",
  Client_Destroy: "client",
  Client_PlatformName: "client <text <size",
  Client_PlatformVersion: "client <text <size",
  Client_AddressableDevices: "client <devices <count",
  Client_Compile: "client program options options_size <executable",
  Client_BufferFromHostBuffer:
    "client data type dims rank strides stride_count semantics device memory layout <done <buffer",
  Device_GetDescription: "device <description",
  Device_MemoryStats:
    "device <in_use <peak <?has_peak <allocations <?has_allocations <largest <?has_largest <limit <?has_limit <reserved <?has_reserved <peak_reserved <?has_peak_reserved <reservable <?has_reservable <largest_free <?has_largest_free <pool <?has_pool <peak_pool <?has_peak_pool",
  DeviceDescription_Id: "description <#id",
  DeviceDescription_Kind: "description <text <size",
  Executable_Destroy: "executable",
  Executable_NumOutputs: "executable <count",
  Executable_OutputElementTypes: "executable <types <count",
  Executable_OutputDimensions: "executable count <dims <ranks",
  Executable_OptimizedProgram: "executable program",
  Executable_GetCostAnalysis: "executable <count <properties",
  Executable_GetCompiledMemoryStats:
    "executable <code <arguments <outputs <aliased <temporary <host_code <host_arguments <host_outputs <host_aliased <host_temporary <peak",
  Executable_Serialize: "executable <bytes <size <serialized <deleter",
  Executable_DeserializeAndLoad: "client bytes size <executable options options_size",
  LoadedExecutable_Destroy: "executable",
  LoadedExecutable_GetExecutable: "loaded <executable",
  LoadedExecutable_Execute: "executable options arguments devices count outputs events device",
  Buffer_Destroy: "buffer",
  Buffer_ToHostBuffer: "buffer layout to size <event",
  Buffer_ReadyEvent: "buffer <event",
  Buffer_IsDeleted: "buffer <?deleted",
  Buffer_CopyToDevice: "buffer device <copy",
  TopologyDescription_Create: "name name_size options count <topology",
  TopologyDescription_Destroy: "topology",
  Compile: "topology program options options_size client <executable",
} as const;

export type FunctionName = keyof typeof SIGNATURES;

type Words<T extends string> = T extends `${infer Head} ${infer Rest}` ? Head | Words<Rest> : T;
type Results<T> = T extends `<#${infer Name}` | `<?${infer Name}`
  ? Name
  : T extends `<${infer Name}`
    ? Name
    : never;

/** Names of what a function is given. */
export type ArgumentOf<F extends FunctionName> = Exclude<Words<(typeof SIGNATURES)[F]>, `<${string}` | "">;
/** Names of what it gives. */
export type ResultOf<F extends FunctionName> = Results<Words<(typeof SIGNATURES)[F]>>;
